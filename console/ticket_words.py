"""What the workflow's words are called on the screen; templates translate them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from console.i18n import mark

KINDS: Mapping[str, str] = MappingProxyType({"complaint": mark("Complaint")})
STATES: Mapping[str, str] = MappingProxyType(
    {
        "received": mark("Received"),
        "recorded": mark("Recorded"),
        "valid": mark("Accepted as founded"),
        "assigned": mark("With the department"),
        "analysed": mark("Cause known"),
        "proposed": mark("Waiting for approval"),
        "approved": mark("Approved"),
        "implemented": mark("Carried out"),
        "closed": mark("Closed"),
        "declined": mark("Not founded"),
        "withdrawn": mark("Withdrawn"),
    }
)
STEPS: tuple[tuple[str, str], ...] = (
    ("received", mark("Receive")),
    ("recorded", mark("Record")),
    ("valid", mark("Judge")),
    ("assigned", mark("Assign")),
    ("analysed", mark("Cause")),
    ("proposed", mark("Solution")),
    ("approved", mark("Approval")),
    ("closed", mark("Carry out and follow up")),
)
"""The eight steps: the state that ends each, and its name."""
ACTIONS: Mapping[str, str] = MappingProxyType(
    {
        "receive": mark("Complaint received"),
        "add": mark("The customer told more, in private"),
        "record": mark("Record the facts"),
        "accept": mark("Accept as founded"),
        "decline": mark("Decline as not founded"),
        "assign": mark("Assign to a department"),
        "analyse": mark("Write down the cause"),
        "reassign": mark("Send back: not our department"),
        "propose": mark("Propose a solution"),
        "approve": mark("Approve the solution"),
        "return": mark("Return with a reason"),
        "implement": mark("Carried out: tell the customer"),
        "close": mark("Close with the customer's feedback"),
        "withdraw": mark("The customer withdraws"),
    }
)
BACKWARDS = frozenset({"decline", "reassign", "return", "withdraw"})
"""Steps that lead away from the straight path; their forms stay folded."""
FIELDS: Mapping[str, str] = MappingProxyType(
    {
        "category": mark("Class"),
        "severity": mark("Severity"),
        "facts": mark("What happened"),
        "order": mark("Order or product"),
        "wish": mark("What the customer wants"),
        "reason": mark("Reason"),
        "notice": mark("Message to the customer"),
        "department": mark("Department"),
        "due": mark("Due on"),
        "cause": mark("Cause"),
        "solution": mark("Solution"),
        "amount": mark("Amount"),
        "feedback": mark("What the customer said"),
        "result": mark("How satisfied"),
        "contact": mark("How to reach the customer"),
        "language": mark("Language"),
    }
)
HELP: Mapping[str, str] = MappingProxyType(
    {
        "notice": mark("Sent to the customer on their channel as it stands here."),
        "due": mark("The complaint is late after this day."),
        "solution": mark("A supervisor who is not you must approve it."),
    }
)
WRONG: Mapping[str, str] = MappingProxyType(
    {
        "amount": mark("Write a sum, such as 269.00."),
        "due": mark("Choose a day within the next ten years."),
    }
)
"""What is said of a value that cannot be; of the other fields only that it cannot."""
LONG = frozenset({"facts", "reason", "notice", "cause", "solution", "feedback"})
"""Fields that need more than a line."""
CHOICES: Mapping[str, str] = MappingProxyType(
    {
        "quality": mark("Product quality"),
        "service": mark("Service"),
        "information": mark("Information and communication"),
        "price": mark("Price"),
        "low": mark("Low"),
        "normal": mark("Normal"),
        "high": mark("High"),
        "critical": mark("Critical"),
        "refund": mark("Refund"),
        "exchange": mark("Exchange"),
        "repair": mark("Repair"),
        "apology": mark("Apology"),
        "other": mark("Something else"),
        "satisfied": mark("Satisfied"),
        "acceptable": mark("Acceptable"),
        "unsatisfied": mark("Not satisfied"),
        "unreachable": mark("Could not be reached"),
    }
)
WHY_NOT: Mapping[str, str] = MappingProxyType(
    {
        "agent": mark("An agent takes this step."),
        "handler": mark("The responsible department takes this step."),
        "supervisor": mark("A supervisor takes this step."),
        "author": mark("You proposed this solution, so somebody else must approve it."),
    }
)
SEVERITY_TONES: Mapping[str, str] = MappingProxyType({"high": "warn", "critical": "bad"})

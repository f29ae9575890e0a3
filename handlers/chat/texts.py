"""Every sentence the product says to a customer, in Chinese and English."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

LANGUAGES = ("zh", "en")


def say(key: str, language: str, **fill: str) -> str:
    """Return one sentence in the customer's language; unknown languages read English."""
    zh, en = TEXTS[key]
    return (zh if language.startswith("zh") else en).format_map(fill)


TEXTS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        # greeting and menu
        "greeting": (
            "您好，我是智能客服，很高兴为您服务。请直接说出您的问题；需要真人时，随时回复“人工”。",
            (
                "Hello, I am the automatic assistant. Just tell me what you need; "
                "say “agent” whenever you would like a person."
            ),
        ),
        "welcome_back": (
            "您好，我在的。请直接说出您的问题，或者选择：",
            "Hello, I am here. Just tell me what you need, or choose:",
        ),
        "menu": ("您可以直接提问，也可以选择：", "Ask me anything, or choose:"),
        "menu_label": ("常见问题", "Common questions"),
        "menu_complaint": ("我要投诉", "Make a complaint"),
        "menu_progress": ("查询投诉进度", "See how my complaint stands"),
        "human": ("转人工客服", "Talk to a person"),
        "thanks": (
            "不客气，很高兴能帮到您。还有需要随时找我。",
            "You are welcome. I am here whenever you need me.",
        ),
        "bye": ("再见，祝您生活愉快。有需要随时找我。", "Goodbye, and have a good day."),
        "robot": (
            "我是智能客服，由程序自动回复。请直接说出您的问题；也可以随时转接人工客服：",
            (
                "I am the automatic assistant, not a person. "
                "Ask me anything, or talk to a person at any time:"
            ),
        ),
        # answers
        "file_at": ("附件：{name} {url}", "Attached: {name} {url}"),
        "file_not_here": (
            "（附件“{name}”无法在这里发送，需要时请回复“人工”。）",
            "(The file “{name}” cannot be sent here; say “agent” if you need it.)",
        ),
        "helped_prompt": ("以上回答对您有帮助吗？", "Did this help?"),
        "helped_or_related": (
            "以上回答对您有帮助吗？也可以接着了解：",
            "Did this help? You may also want to know:",
        ),
        "helped_yes": ("有帮助", "Yes, it helped"),
        "helped_no": ("没有帮助", "No, it did not"),
        "glad": (
            "太好了，感谢您的反馈。还有问题随时找我，祝您生活愉快！",
            "Great, thank you for telling us. I am here whenever you need me.",
        ),
        "not_helped": (
            "抱歉没有解决您的问题。您可以换个说法再问一次，或者转接人工客服：",
            "I am sorry that it did not help. Put it in other words, or talk to a person:",
        ),
        "suggest": ("您想了解的是不是：", "Did you mean one of these?"),
        "missed": (
            "抱歉，我没有完全理解您的问题。您可以换个说法再问一次，或者选择：",
            "I am sorry, I did not quite understand. Put it in other words, or choose:",
        ),
        "entry_gone": (
            "抱歉，这条内容刚刚更新了。请直接说出您的问题，我重新为您查找。",
            "I am sorry, this has just been updated. Please ask me again in your own words.",
        ),
        "empty": (
            "我在的，请告诉我您的问题，或者选择：",
            "I am listening. Tell me what you need, or choose:",
        ),
        "cannot_show": (
            "我暂时看不懂这类消息。请用文字告诉我您的问题，或者转接人工客服：",
            "I cannot read this kind of message yet. Please use words, or talk to a person:",
        ),
        # handing over
        "handoff": (
            "好的，正在为您转接人工客服。我们会带着前面的对话内容来回复您，您不必重复说明。",
            (
                "I am handing you over to a colleague. They can see what you wrote, "
                "so you need not repeat anything."
            ),
        ),
        "handoff_missed": (
            "抱歉没能解答您的问题，现在为您转接人工客服。前面的内容同事都能看到，您不必重复说明。",
            (
                "I am sorry that I could not answer this. A colleague will take over; "
                "they can see what you wrote, so you need not repeat anything."
            ),
        ),
        "handoff_safety": (
            (
                "非常抱歉发生这样的事，您的安全最重要。请先停止使用并远离危险，"
                "如有人受伤请立即拨打 120、火情请拨打 119。已为您加急转接人工客服，同事会优先处理。"
            ),
            (
                "I am very sorry. Your safety comes first: stop using the product, keep away from "
                "danger, and call the emergency services if anyone is hurt. "
                "I have called a colleague, who will see to this with priority."
            ),
        ),
        "handoff_serious": (
            "非常抱歉给您带来不好的体验，我们非常重视。已加急为您转接人工客服，由专人处理。",
            (
                "I am very sorry about this, and we take it seriously. "
                "I have called a colleague, who will see to it with priority."
            ),
        ),
        "handoff_money": (
            (
                "理解您的心情。赔付和价格需要由专人核实后才能答复您，现在为您转接人工客服，"
                "前面的内容同事都能看到。"
            ),
            (
                "I understand. Compensation and prices are decided by a person, so I am handing "
                "you over to a colleague, who can see what you wrote."
            ),
        ),
        "handoff_private": (
            (
                "感谢您的反馈，我们非常重视。为保护您的隐私，请私信告诉我们详情，"
                "请不要在这里公开订单号或电话；同事会尽快与您联系。"
            ),
            (
                "Thank you for telling us, we take it seriously. To protect your privacy, "
                "please send us the details in a private message, and do not post order or "
                "phone numbers here. A colleague will get in touch."
            ),
        ),
        "sorry_error": (
            "非常抱歉，系统刚才出了点问题。已为您转接人工客服，您发的内容没有丢失。",
            (
                "I am very sorry, something went wrong on our side. A colleague will take over; "
                "nothing you wrote is lost."
            ),
        ),
        "still_waiting": (
            "感谢您的耐心等待。目前咨询的客户较多，您的消息已在排队，客服会尽快回复。",
            (
                "Thank you for your patience. Your message is in the queue, and a colleague will "
                "answer as soon as possible."
            ),
        ),
        # complaint form
        "complaint_facts": (
            (
                "非常抱歉给您带来不好的体验，我来帮您登记投诉。"
                "请告诉我发生了什么事（时间、商品或服务、具体情况）。回复“取消”可随时退出，回复“人工”转人工。"
            ),
            (
                "I am very sorry. Let me write down your complaint. Please tell me what happened "
                "(when, which product or service). Say “cancel” to stop, or “agent” for a person."
            ),
        ),
        "complaint_facts_short": (
            "请再具体一些：发生了什么事？这样同事可以更快为您处理。",
            "Please tell me a little more: what happened? It helps us to solve it sooner.",
        ),
        "complaint_evidence": (
            "收到，已随对话保存。请再用文字说明一下情况：",
            "Thank you, it is kept with this conversation. Please also tell me in words:",
        ),
        "complaint_order": (
            "记下了。请提供相关的订单号；没有的话可以跳过。",
            "Noted. Please send the order number, or skip this if there is none.",
        ),
        "complaint_wish": ("您希望我们怎么处理？", "What would you like us to do?"),
        "complaint_cut": (
            "内容较长，已记录前 2000 字，其余可稍后补充给同事。",
            "That was long: I noted the first 2000 characters; tell my colleague the rest later.",
        ),
        "form_skip": ("没有订单号，跳过", "No order number, skip"),
        "form_cancelled": (
            "好的，先不登记了。已填写的内容为您保留，回复“继续”可以接着填写。",
            "All right, we stop here. What you wrote is kept; say “continue” to go on.",
        ),
        "form_nothing": (
            "目前没有正在填写的内容。有什么可以帮您？",
            "There is nothing to go on with. How can I help you?",
        ),
        "form_resumed": ("好的，我们接着填写。", "All right, let us go on."),
        "edit_in_form": (
            "您的修改我看到了，但已填写的内容不会自动更新。如需更正，请直接说明，或回复“取消”后重新填写。",
            (
                "I saw your change, but what is written down already stays as it was. Tell me here "
                "what should be different, or say “cancel” and begin again."
            ),
        ),
        "wish_refund": ("退款", "Refund"),
        "wish_exchange": ("换货", "Exchange"),
        "wish_repair": ("维修", "Repair"),
        "wish_apology": ("道歉说明", "An apology"),
        "wish_other": ("其他", "Something else"),
        # complaint form, filled in at once
        "sheet_complaint": ("投诉登记", "Make a complaint"),
        "sheet_submit": ("提交", "Submit"),
        "sheet_cancel": ("取消", "Cancel"),
        "sheet_facts": (
            "发生了什么事？（时间、商品或服务、具体情况）",
            "What happened? (when, which product or service)",
        ),
        "sheet_order": ("相关的订单号，没有可以不填", "The order number, if there is one"),
        "sheet_wish": ("您希望我们怎么处理？", "What would you like us to do?"),
        "sheet_choose": ("请选择一项。", "Please choose one."),
        # complaint, told by the workflow
        "complaint_received": (
            (
                "您的投诉已受理，编号 {number}。我们会认真核实，并把处理进展告诉您；"
                "随时回复“投诉进度”即可查询。"
            ),
            (
                "Your complaint has been received under number {number}. We will look into it "
                "carefully and keep you informed; say “progress” at any time to see how it stands."
            ),
        ),
        "complaint_added": (
            (
                "您已有一件正在处理的投诉 {number}，刚才说的都已补充进去，不必重复投诉；"
                "随时回复“投诉进度”即可查询。"
            ),
            (
                "Your complaint {number} is open already. What you just told us was added to it, "
                "so you need not complain again; say “progress” at any time to see how it stands."
            ),
        ),
        "complaint_told_declined": (
            (
                "您的投诉 {number} 已核实完毕，经核实未能成立，现已结案。如有异议，回复“人工”"
                "我们会再次核查。"
            ),
            (
                "We have looked into your complaint {number} and could not confirm it; it is now "
                "closed. If you disagree, say “agent” and we will look at it again."
            ),
        ),
        "complaint_told_implemented": (
            "您的投诉 {number} 的处理方案已执行：",
            "The solution for your complaint {number} has been carried out:",
        ),
        "complaint_told_closed": (
            "您的投诉 {number} 已结案。感谢您的反馈，它让我们做得更好。",
            "Your complaint {number} is closed. Thank you: you have helped us to do better.",
        ),
        "complaint_told_withdrawn": (
            "您的投诉 {number} 已撤回。如仍需要帮助，请随时联系我们。",
            "Your complaint {number} has been withdrawn. We are here if you still need help.",
        ),
        "written_privately": (
            "您好，为保护您的隐私，我们已私信您，请查看私信。",
            "To protect your privacy we have written to you in a private message.",
        ),
        "ticket_in_public": (
            "您反馈的问题有了新进展，详情请私信我们查看。",
            "There is news about your case; please send us a private message for the details.",
        ),
        # progress
        "progress_none": (
            "暂时没有查到您的投诉记录。需要登记投诉，请回复“我要投诉”。",
            "I found no complaint of yours. To make one, say “complaint”.",
        ),
        "progress_unknown": (
            "没有查到编号为 {number} 的投诉，请核对编号，或者转接人工客服：",
            "I found no complaint of yours with number {number}. Check it, or talk to a person:",
        ),
        "progress_one": ("投诉 {number}：{state}", "Complaint {number}: {state}"),
        "state_received": ("已受理，等待登记核实", "received, about to be looked into"),
        "state_recorded": ("已登记，正在核实", "written down, being looked into"),
        "state_valid": ("已核实，正在安排责任部门", "confirmed, being assigned"),
        "state_assigned": ("责任部门正在分析原因", "the department is looking for the cause"),
        "state_analysed": (
            "原因已查明，正在制定方案",
            "the cause is known, a solution is on its way",
        ),
        "state_proposed": ("解决方案正在审批", "a solution awaits approval"),
        "state_approved": ("方案已批准，正在执行", "a solution is approved and being carried out"),
        "state_implemented": ("方案已执行，等待您的反馈", "carried out, awaiting your feedback"),
        "state_closed": ("已结案", "closed"),
        "state_declined": ("经核实未成立，已结案", "could not be confirmed, closed"),
        "state_withdrawn": ("已撤回", "withdrawn"),
    }
)
"""Each sentence as (Chinese, English); names in braces are filled in by `say`."""

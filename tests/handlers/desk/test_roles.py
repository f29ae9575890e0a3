import pytest

from handlers.desk.roles import PERMISSIONS, may, workflow_roles
from storage.models import Role

TABLE = {
    Role.AGENT: "inbox tickets",
    Role.HANDLER: "tickets",
    Role.EDITOR: "knowledge.write",
    Role.SUPERVISOR: "inbox tickets approve knowledge.write knowledge.publish",
    Role.ADMIN: " ".join(PERMISSIONS),
}


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("permission", sorted(PERMISSIONS))
def test_who_may_do_what(role, permission):
    assert may(role, permission) == (permission in TABLE[role].split())


def test_a_permission_that_does_not_exist_is_a_mistake():
    with pytest.raises(ValueError, match="'fly' is no permission"):
        may(Role.ADMIN, "fly")


@pytest.mark.parametrize(
    ("role", "roles"),
    [
        (Role.AGENT, {"agent", "handler"}),
        (Role.HANDLER, {"handler"}),
        (Role.EDITOR, set()),
        (Role.SUPERVISOR, {"agent", "handler", "supervisor"}),
        (Role.ADMIN, {"agent", "handler", "supervisor"}),
    ],
)
def test_which_parts_a_role_plays_in_a_workflow(role, roles):
    assert workflow_roles(role) == roles

"""The settings: a mistake is named with its place and the way out, a secret never."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from bot.config import BadConfig, Config, inbox, load

SECRET = "s3cr3t-v4lue"


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def refused(path, environ=None):
    with pytest.raises(BadConfig) as problem:
        load(path, environ or {})
    seen, texts = problem.value, []
    while seen is not None:
        texts.append(f"{seen!r} {seen}")
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)
    assert SECRET not in "".join(texts)
    return str(problem.value)


def test_without_a_file_everything_has_its_default(tmp_path):
    for path in (None, tmp_path / "none.yaml", write(tmp_path, ""), write(tmp_path, "# only\n")):
        config = load(path, {})
        assert (config.port, config.inboxes, config.log.level) == (8080, {}, "info")


def test_the_file_is_read_and_the_environment_overrides_it(tmp_path):
    path = write(tmp_path, "port: 1\nhost: 0.0.0.0\nlog: {level: debug, format: json}\n")
    environ = {"YINGDA_PORT": "2", "YINGDA_LOG__LEVEL": "error", "PORT": "3", "HOME": "/x"}
    config = load(path, environ)
    assert (config.port, config.host) == (2, "0.0.0.0")
    assert (config.log.level, config.log.format) == ("error", "json")


@pytest.mark.parametrize("text", ["", "inboxes:\n", "inboxes: {}\n"])
def test_an_inbox_can_come_from_the_environment_alone(tmp_path, text):
    environ = {
        "YINGDA_INBOXES__SHOP_TELEGRAM__CHANNEL": "telegram",
        "YINGDA_INBOXES__SHOP_TELEGRAM__BOT_TOKEN": "123456:abcdefghijklmnopqrstuvwxyz",
        "YINGDA_INBOXES__SHOP_TELEGRAM__TRANSPORT": "polling",
    }
    config = load(write(tmp_path, text), environ)
    telegram = config.inboxes["shop_telegram"]
    assert type(telegram).__module__ == "channels.telegram.config"
    assert telegram.bot_token.get_secret_value() == "123456:abcdefghijklmnopqrstuvwxyz"


def test_the_environment_adds_one_secret_to_an_inbox_of_the_file(tmp_path, strangers):
    path = write(tmp_path, "inboxes: {shop: {channel: strange, enabled: true, label: Shop}}\n")
    environ = {"YINGDA_INBOXES__SHOP__SECRET": SECRET, "YINGDA_INBOXES__SHOP__ENABLED": "false"}
    shop = load(path, environ).inboxes["shop"]
    assert shop.secret.get_secret_value() == SECRET
    assert (shop.label, shop.enabled) == ("Shop", False)


def test_a_secret_can_come_from_a_file(tmp_path, strangers):
    kept = tmp_path / "secret"
    kept.write_text(f"{SECRET}\n")
    path = write(tmp_path, "inboxes: {shop: {channel: strange}}\n")
    environ = {"YINGDA_INBOXES__SHOP__SECRET_FILE": str(kept)}
    assert load(path, environ).inboxes["shop"].secret.get_secret_value() == SECRET
    environ = {"YINGDA_METRICS_TOKEN_FILE": str(kept)}
    assert load(None, environ).metrics_token.get_secret_value() == SECRET


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00 binary"])
def test_a_secrets_file_that_cannot_be_read_is_named_by_its_variable(tmp_path, content):
    kept = tmp_path / "secret"
    if content is not None:
        kept.write_bytes(content)
    words = refused(None, {"YINGDA_METRICS_TOKEN_FILE": str(kept)})
    assert words == "YINGDA_METRICS_TOKEN_FILE: cannot read the file it names"


@pytest.mark.parametrize(
    ("text", "line", "mend"),
    [
        ("port: 1\nhost: [unclosed\nlog: {}\n", "line 3", "the brackets"),
        (f"port: 1\n token: {SECRET}\n", "line 2", "indented too far"),
        (f"a: {SECRET}\na: {SECRET}2\n", "line 2", "stands there already"),
        (f"a: {SECRET}: x\n", "line 1", "needs quotes"),
        (f"a: '{SECRET}\n", "line", "a quote is not closed"),
        ("port: !!python/object/apply:os.system [echo]\n", "line 1", "the indentation"),
        ("\tport: 1\n", "line 1", "spaces instead of a tab"),
        ("log:\n\tlevel: info\n", "line 2", "spaces instead of a tab"),
    ],
)
def test_what_is_no_yaml_is_refused_with_its_line_and_how_it_is_mended(tmp_path, text, line, mend):
    path = write(tmp_path, text)
    words = refused(path)
    assert words.startswith(f"{path}, {line}")
    assert "cannot be read as YAML; " in words
    assert mend in words
    assert SECRET not in words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("port: soon\n", "port: write a whole number"),
        ("port: 70000\n", "port: must be at most 65535"),
        ("demo: maybe\n", "demo: write true or false"),
        ("host: 127\n", "host: is a text; write it in quotes"),
        ("publishers: editor\n", "publishers: write a list, as in [one, two]"),
        ("publishers: [boss]\n", "publishers.0: write one of editor, supervisor, admin"),
        ("log: {format: xml}\n", "log.format: write one of "),
        ("passive_wait: 0\n", "passive_wait: must be more than 0"),
        ("log: info\n", "log: write keys and values below it"),
        (
            "inboxes: {shop: {channel: telegram, transport: polling}}\n",
            "inboxes.shop.bot_token is missing: write it there, or set YINGDA_INBOXES__SHOP__BOT_",
        ),
        (
            "inboxes: {web: {channel: webchat, allowed_origins: [a/b]}}\n",
            "inboxes.web.allowed_origins: write each origin like https://shop.example",
        ),
        (
            "public_url: help.example.com\n",
            "public_url: write the whole address, as in https://help.example.com",
        ),
    ],
)
def test_a_wrong_value_is_refused_with_what_to_write(tmp_path, strangers, text, words):
    assert refused(write(tmp_path, text)).startswith(words)


@pytest.mark.parametrize("address", ["https://help.example.com", "http://10.0.0.7:8080", ""])
def test_an_address_of_the_service_is_taken(address):
    assert load(None, {"YINGDA_PUBLIC_URL": address}).public_url == address


@pytest.mark.parametrize("text", ["at: 2026-13-45\n", "a: " + "[" * 800, "{[1]: 2}: 3\n"])
def test_stranger_yaml_is_refused_too(tmp_path, text):
    assert "config.yaml" in refused(write(tmp_path, text))


def test_bytes_that_are_no_text_are_refused(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_bytes(b"port: \xff\xfe\n")
    assert "cannot be read as YAML; save the file as UTF-8" in refused(path)


def test_a_file_that_cannot_be_opened_says_why(tmp_path):
    assert "Is a directory" in refused(tmp_path)


@pytest.mark.parametrize("text", ["- a\n- b\n", "just words\n", "42\n"])
def test_the_top_must_be_keys_and_values(tmp_path, text):
    assert "keys and values" in refused(write(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("prot: 1\n", "prot: no such key; did you mean 'port'?"),
        ("log: {fromat: json}\n", "log.fromat: no such key; did you mean 'format'?"),
        ("faq: {budget: 5}\n", "faq.budget: no such key; did you mean 'budget_ms'?"),
        ("zzzzzz: 1\n", "zzzzzz: no such key"),
        (
            "inboxes: {shop: {channel: strange, secert: abcd}}\n",
            "inboxes.shop.secert: no such key; did you mean 'secret'?",
        ),
        ("1: 2\n", "1: Keys should be strings"),
    ],
)
def test_an_unknown_key_is_refused_with_the_nearest_one(tmp_path, strangers, text, words):
    assert refused(write(tmp_path, text)) == words


def test_an_unknown_variable_is_refused_too():
    assert refused(None, {"YINGDA_PUBLIC_ULR": "x"}) == (
        "public_ulr: no such key; did you mean 'public_url'?"
    )


def test_all_mistakes_are_told_at_once(tmp_path):
    words = refused(write(tmp_path, "port: 70000\npassive_wait: 0\ndemo: perhaps\n"))
    assert all(f"{key}: " in words for key in ("port", "passive_wait", "demo"))


@pytest.mark.parametrize("value", [4.6, 0, -1, "soon"])
def test_the_wait_for_a_passive_answer_ends_before_the_platform_gives_up(value):
    assert "passive_wait" in refused(None, {"YINGDA_PASSIVE_WAIT": str(value)})


def test_a_value_cannot_become_a_group(tmp_path):
    words = refused(write(tmp_path, "log: info\n"), {"YINGDA_LOG__LEVEL": "debug"})
    assert words == "YINGDA_LOG__LEVEL: log is a value in the file, not a group of keys"


@pytest.mark.parametrize("name", ["Shop", "my-shop", "a b", "", "店", "../x", "a:b", "x" * 65])
def test_a_name_that_cannot_stand_in_an_address_is_refused(name):
    with pytest.raises(BadConfig, match="small letters"):
        inbox(name, {"channel": "webchat"})


@pytest.mark.parametrize("settings", [None, "telegram", [], {}, {"token": SECRET}])
def test_an_inbox_must_say_its_platform(settings):
    with pytest.raises(BadConfig, match=r"inboxes\.shop: say which platform") as problem:
        inbox("shop", settings)
    assert SECRET not in str(problem.value)


def test_an_unknown_platform_is_refused_with_those_there_are():
    with pytest.raises(BadConfig, match=r"inboxes\.shop\.channel: .*telegram.*wechat"):
        inbox("shop", {"channel": "icq"})


@pytest.mark.parametrize("text", ["inboxes: [a]\n", "inboxes: words\n"])
def test_inboxes_must_be_a_mapping(tmp_path, text):
    assert "inboxes: write a mapping" in refused(write(tmp_path, text))


def test_a_wrong_secret_is_named_by_its_key_only(tmp_path, strangers):
    path = write(tmp_path, "inboxes: {shop: {channel: strange, secret: abc, mode: s3cr3t-v4lue}}")
    words = refused(path)
    assert "inboxes.shop.secret: " in words
    assert "abc" not in words.replace("abcd", "")
    assert "inboxes.shop.mode: " in words


def test_a_value_in_the_wrong_place_is_not_quoted_either():
    with pytest.raises(ValidationError) as problem:
        Config(port=SECRET)
    assert SECRET not in str(problem.value)


def test_nothing_that_is_printed_shows_a_secret(strangers):
    config = Config(
        database_url=f"postgresql://yingda:{SECRET}@db/yingda",
        metrics_token=SECRET,
        inboxes={"shop": inbox("shop", {"channel": "strange", "secret": SECRET})},
    )
    assert SECRET not in f"{config!r} {config} {config.inboxes['shop']!r}"


def test_the_demo_is_there_until_there_is_an_inbox_or_somebody_decides(strangers):
    one = {"shop": inbox("shop", {"channel": "strange"})}
    assert Config().shows_demo
    assert not Config(inboxes=one).shows_demo
    assert Config(inboxes=one, demo=True).shows_demo
    assert not Config(demo=False).shows_demo
    assert not load(None, {"YINGDA_DEMO": "false"}).shows_demo


@pytest.mark.parametrize(
    ("host", "root"),
    [
        ("127.0.0.1", "http://127.0.0.1:9"),
        ("0.0.0.0", "http://127.0.0.1:9"),
        ("::", "http://[::1]:9"),
        ("192.168.7.7", "http://192.168.7.7:9"),
        ("fd00::7", "http://[fd00::7]:9"),
    ],
)
def test_the_service_knows_where_this_machine_reaches_it(host, root):
    assert Config(host=host, port=9).root == root

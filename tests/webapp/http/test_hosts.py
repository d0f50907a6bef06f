"""Which host a request is for, over raw connections; and which hosts are served."""

import json

import httpx
import pytest
from flask.testing import FlaskClient

from tests.load.clients import Answer, exchange
from tests.serving import Server
from webapp import create_app
from webapp.config import SettingError, load_settings

PATH = "/api/predict?home_size=900"


def ask(server: Server, head: str) -> Answer:
    """Send a request of these lines and no body; return the answer."""
    return exchange(server.port, head.encode() + b"\r\n\r\n")


def host_in(answer: Answer) -> str:
    """Return the host in the address of a prediction's picture."""
    assert answer.status == 200, answer
    url: str = json.loads(answer.body)["image_url"]
    return url.removeprefix("http://").partition("/")[0]


@pytest.mark.parametrize(
    ("host", "named"),
    [
        ("perfect_puppy:8000", "perfect_puppy:8000"),
        ("app_1.my_network", "app_1.my_network"),
        ("_", "_"),
        ("Puppy.Example", "puppy.example"),
        ("puppy.example.", "puppy.example."),
        ("puppy.example:80", "puppy.example"),
        ("puppy.example:443", "puppy.example:443"),
        ("puppy.example:", "puppy.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("192.0.2.1", "192.0.2.1"),
        ("192.0.2.1:8000", "192.0.2.1:8000"),
        ("[::1]", "[::1]"),
        ("[2001:db8::1]:8000", "[2001:db8::1]:8000"),
        ("[::ffff:192.0.2.1]:8000", "[::ffff:192.0.2.1]:8000"),
    ],
)
def test_the_host_header_may_hold_any_name_or_ip_address(server: Server, host: str, named: str) -> None:
    assert host_in(ask(server, f"GET {PATH} HTTP/1.1\r\nHost: {host}")) == named


def test_an_answer_that_is_kept_is_kept_for_one_host(server: Server) -> None:
    for host in ("first_host:8000", "second_host:8000"):
        for path in ("/api/classes", "/"):
            answer = ask(server, f"GET {path} HTTP/1.1\r\nHost: {host}")
            assert f"http://{host}/model/".encode() in answer.body
            assert answer.body.count(b"_host:8000/") == answer.body.count(f"//{host}/".encode())


@pytest.mark.parametrize("path", [PATH, "/", "/nowhere"])
@pytest.mark.parametrize(
    "host",
    [
        *("", ".", "a..b", ".a", "x" * 64, "x" * 64 + ".org", ".".join(["x" * 60] * 5), "x" * 5000),
        *("a/b", "a b", "user@host", "*", "a%5Fb", "b\N{LATIN SMALL LETTER U WITH DIAERESIS}cher"),
        *("localhost:abc", "localhost:0", "localhost:99999", "localhost:" + "9" * 5000, "a:b:c"),
        *("[::1", "[::::]", "[v1.a]", "[fe80::1%25eth0]", "::1"),
    ],
)
def test_a_host_header_that_names_no_host_is_a_bad_request(server: Server, path: str, host: str) -> None:
    answer = ask(server, f"GET {path} HTTP/1.1\r\nHost: {host}")
    assert answer.status == 400
    assert b"does not name a host" in answer.body
    if path == PATH:
        assert b"Host header" in answer.body
        assert not host.strip(".*") or f'"{host}"'.encode() not in answer.body


@pytest.mark.parametrize("path", [PATH, "/", "/nowhere"])
@pytest.mark.parametrize("host", ["xn--zzzzzz", "xn--a", "xn--"])
def test_invalid_punycode_is_not_a_server_error(server: Server, path: str, host: str) -> None:
    """Some releases of Python encode such a name, others raise."""
    assert ask(server, f"GET {path} HTTP/1.1\r\nHost: {host}").status in {200, 400, 404}


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
@pytest.mark.parametrize("host", ["", "a..b", "::1", "a b", "b\u00fccher", "localhost:99999", "x" * 5000])
def test_a_health_check_is_answered_under_any_host_or_none(server: Server, path: str, host: str) -> None:
    assert ask(server, f"GET {path} HTTP/1.1\r\nHost: {host}").status == 200
    assert ask(server, f"GET {path} HTTP/1.1").status == 200


def test_an_http_1_1_request_without_a_host_header_is_a_bad_request(server: Server) -> None:
    for target in (PATH, f"http://puppy.example{PATH}"):
        answer = ask(server, f"GET {target} HTTP/1.1")
        assert answer.status == 400
        assert json.loads(answer.body)["detail"] == "The request has no Host header. HTTP/1.1 needs one."


def test_an_http_1_0_request_without_a_host_header_is_for_the_servers_address(server: Server) -> None:
    assert host_in(ask(server, f"GET {PATH} HTTP/1.0")) == f"127.0.0.1:{server.port}"


def test_two_host_headers_are_a_bad_request(server: Server) -> None:
    assert ask(server, f"GET {PATH} HTTP/1.1\r\nHost: a\r\nHost: a").status == 400


@pytest.mark.parametrize("version", ["HTTP/1.1", "HTTP/1.0"])
@pytest.mark.parametrize("host", ["puppy.example", "perfect_puppy:8000", "[::1]:8000"])
def test_the_host_of_an_absolute_target_overrides_the_header(server: Server, version: str, host: str) -> None:
    assert host_in(ask(server, f"GET http://{host}{PATH} {version}\r\nHost: other.example")) == host


def test_an_absolute_target_without_a_path_is_the_home_page(server: Server) -> None:
    answer = ask(server, "GET http://puppy.example HTTP/1.1\r\nHost: puppy.example")
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")


@pytest.mark.parametrize(
    ("target", "host"),
    [("http://", "puppy.example"), ("http://user@puppy.example", "x"), ("http://puppy.example", "a..b")],
)
def test_an_absolute_target_needs_a_valid_host_in_target_and_header(
    server: Server, target: str, host: str
) -> None:
    assert ask(server, f"GET {target}{PATH} HTTP/1.1\r\nHost: {host}").status == 400


def test_a_request_to_switch_the_protocol_is_answered_without_switching(server: Server) -> None:
    for protocol in ("websocket", "h2c"):
        upgrade = f"Connection: Upgrade\r\nUpgrade: {protocol}"
        assert host_in(ask(server, f"GET {PATH} HTTP/1.1\r\nHost: x\r\n{upgrade}")) == "x"


@pytest.fixture(scope="module")
def limited() -> FlaskClient:
    """A client of an app that is served under three hosts only."""
    names = "Puppy.example. perfect_puppy:8000 [2001:DB8::1]"
    return create_app({"TESTING": True, "ALLOWED_HOSTS": names}).test_client()


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("puppy.example", 200),
        ("PUPPY.EXAMPLE:8443", 200),
        ("puppy.example.:80", 200),
        ("perfect_puppy", 200),
        ("[2001:db8::1]:8000", 200),
        ("www.puppy.example", 400),
        ("puppy.example.evil", 400),
        ("puppy-example", 400),
        ("localhost", 400),
        ("[2001:db8::2]", 400),
    ],
)
def test_only_names_in_allowed_hosts_are_served_on_any_port(
    limited: FlaskClient, host: str, status: int
) -> None:
    response = limited.get(PATH, headers={"Host": host})
    assert response.status_code == status
    if status == 400:
        assert "ALLOWED_HOSTS" in response.get_json()["detail"]
        assert host not in response.text.replace("http://localhost", "")


@pytest.mark.parametrize(
    "value",
    [
        *("https://puppy.example", "puppy.example,localhost", "* localhost", "a/b", "*.example.com"),
        *(".example.com", "a..b", ".", "x" * 64, "puppy.example\n", "*\n", "localhost  a", " localhost"),
        *("::1", "2001:db8::1", "[::1", "a:b:c", "localhost:", "localhost:0", "localhost:abc"),
        *("b\u00fccher.example", "localhost:\u0661"),
    ],
)
def test_allowed_hosts_that_is_not_a_list_of_names_is_refused(value: str) -> None:
    with pytest.raises(SettingError, match=r"^ALLOWED_HOSTS must be \* or names such as puppy.example.com,"):
        load_settings({"ALLOWED_HOSTS": value})


@pytest.mark.parametrize(
    "value",
    ["*", "localhost", "puppy.example. perfect_puppy:8000", "[::1] 192.0.2.1", "xn--bcher-kva.example"],
)
def test_allowed_hosts_may_be_a_star_or_a_list_of_names(value: str) -> None:
    assert load_settings({"ALLOWED_HOSTS": value}).allowed_hosts == value


def test_the_host_of_an_absolute_target_must_be_allowed(limited: FlaskClient) -> None:
    for target, status in (("http://evil.example", 400), ("http://puppy.example", 200)):
        raw = {"RAW_URI": f"{target}{PATH}"}
        response = limited.get(PATH, headers={"Host": "puppy.example"}, environ_overrides=raw)
        assert response.status_code == status


@pytest.mark.parametrize("path", ["/", "/static/icon.svg", "/nowhere"])
def test_pages_and_files_are_served_under_allowed_hosts_only(limited: FlaskClient, path: str) -> None:
    refused = limited.get(path, headers={"Host": "evil.example"})
    assert refused.status_code == 400
    assert "evil.example" not in refused.text


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
def test_a_health_check_is_answered_under_a_host_that_is_not_allowed(limited: FlaskClient, path: str) -> None:
    assert limited.get(path, headers={"Host": "10.0.0.7:8000"}).status_code == 200


@pytest.mark.parametrize("host", ["ex ample", "[::1", "a/b", "a\x7fb", "é", "a:b:c", "x" * 300])
def test_a_refused_host_is_not_repeated_in_the_answer(http: httpx.Client, host: str) -> None:
    response = http.get(PATH, headers=[(b"Host", host.encode())])
    assert response.status_code == 400
    assert response.headers["Content-Type"] == "application/problem+json"
    assert host not in response.text

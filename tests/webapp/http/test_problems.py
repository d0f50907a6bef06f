"""Errors: pages for people, problem details (RFC 9457) for programs."""

from flask.testing import FlaskClient

from webapp import create_app


def test_an_unknown_path_gets_an_error_page(client: FlaskClient) -> None:
    missing = client.get("/nowhere")
    assert (missing.status_code, missing.mimetype) == (404, "text/html")
    assert "There is nothing at this address" in missing.text


def test_an_internal_error_reveals_nothing_of_the_code() -> None:
    app = create_app({"PROPAGATE_EXCEPTIONS": False})

    @app.get("/fault")
    @app.get("/api/fault")
    def fault() -> str:
        raise ZeroDivisionError

    page, problem = app.test_client().get("/fault"), app.test_client().get("/api/fault")
    assert (page.status_code, page.mimetype) == (500, "text/html")
    assert (problem.status_code, problem.mimetype) == (500, "application/problem+json")
    for response in (page, problem):
        assert "ZeroDivision" not in response.text
        assert "Traceback" not in response.text
    assert "It was our fault" in page.text
    assert "A fault of ours" in problem.text


def test_a_problems_type_is_the_address_of_its_explanation(client: FlaskClient) -> None:
    problem = client.get("/api/nowhere").get_json()
    path, _, anchor = problem["type"].removeprefix("http://localhost").partition("#")
    assert f'id="{anchor}"' in client.get(path).text

"""Who gets into the console and who does not: tokens, sessions, forged requests, guessing, headers, files."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import aiohttp
import pytest
from playwright.async_api import expect

from bot.chat.cards import Card
from bot.operations.files import File
from bot.platforms.web.answers import download
from bot.platforms.web.listen import Console
from bot.platforms.web.sign_in import FAILURES_OVERALL, SESSION_LASTS, Attempts, TooMany
from tests.platforms.console import TOKENS, Desk, another
from tests.routing import START

pytestmark = pytest.mark.asyncio(loop_scope="session")


@asynccontextmanager
async def visitor(desk: Desk, person: str = "") -> AsyncIterator[aiohttp.ClientSession]:
    """An HTTP client with cookies, signed in by token if it is anybody."""
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(desk.url, cookie_jar=jar, headers={"Origin": desk.url}) as session:
        if person:
            async with session.post("/sign-in", data={"token": TOKENS[person]}) as answer:
                assert answer.status == 200, await answer.text()
        yield session


async def csrf(session: aiohttp.ClientSession) -> str:
    """The token that the session's own pages carry."""
    async with session.get("/c/books") as answer:
        found = re.search(r'X-CSRF-Token": "([^"]+)"', await answer.text())
    assert found is not None
    return found[1]


def press(delivery: str = "d1") -> dict[str, str]:
    return {"press": "lb1:shelf.count", "message": "", "channel": "books", "delivery": delivery}


async def test_nobody_sees_anything_without_a_token(locked: Desk) -> None:
    await locked.console.post("books", Card("Secret"), "secret")
    async with visitor(locked) as stranger:
        for path in ("/", "/c/books", "/events?channel=books", "/complete?line=/", "/files/report/x.json"):
            async with stranger.get(path) as answer:
                assert answer.url.path == "/sign-in", path
                assert "Secret" not in await answer.text()
        for path in ("/say", "/press", "/switch", "/sign-out"):
            async with stranger.post(path, data=press()) as answer:
                assert answer.url.path == "/sign-in", path
    assert locked.world.counted == 0


async def test_two_people_with_their_tokens_are_two_people(locked: Desk) -> None:
    ada, ben = await locked.sit("ada"), await locked.sit("ben")
    await expect(ada.locator(".me strong")).to_have_text("Ada Okafor")
    await expect(ben.locator(".me strong")).to_have_text("Ben Lindqvist")


async def test_a_wrong_token_is_refused_and_too_many_must_wait_a_minute(locked: Desk) -> None:
    page = await locked.sit()
    for _ in range(5):
        await page.fill("#token", "not the token")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("alert")).to_contain_text("nobody’s token")
    await page.fill("#token", TOKENS["ada"])
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("Wait a minute")
    locked.clock.pass_by(timedelta(seconds=61))
    await page.fill("#token", TOKENS["ada"])
    await page.keyboard.press("Enter")
    await expect(page.locator(".me strong")).to_have_text("Ada Okafor")
    locked.complaints.clear()


async def test_guessing_from_many_addresses_is_slowed_as_well() -> None:
    attempts = Attempts()
    for number in range(FAILURES_OVERALL):
        attempts.check(f"10.0.0.{number}", START)
        attempts.failed(f"10.0.0.{number}", START)
    with pytest.raises(TooMany):
        attempts.check("10.9.9.9", START)
    attempts.check("10.9.9.9", START + timedelta(minutes=1))


async def test_the_cookie_cannot_be_read_by_scripts_or_sent_by_other_sites(locked: Desk) -> None:
    page = await locked.sit("ada")
    [cookie] = await page.context.cookies()
    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Lax"
    assert await page.evaluate("document.cookie") == ""


async def test_behind_https_the_cookie_is_secure_and_bound_to_its_host(locked: Desk) -> None:
    async with another(locked, TOKENS, public_url="https://boat.example.org") as (_, url):
        headers = {"Origin": "https://boat.example.org"}
        async with (
            aiohttp.ClientSession(url, headers=headers) as session,
            session.post("/sign-in", data={"token": TOKENS["ada"]}, allow_redirects=False) as answer,
        ):
            [cookie] = answer.headers.getall("Set-Cookie")
    assert cookie.startswith("__Host-lifeboat=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= {part.strip() for part in cookie.split(";")}


async def cookie_of(session: aiohttp.ClientSession) -> tuple[str, str]:
    """The name and value of the session's cookie."""
    [cookie] = list(session.cookie_jar)
    return cookie.key, cookie.value


async def test_a_session_survives_a_restart_and_a_replaced_token_ends_it(locked: Desk) -> None:
    async with visitor(locked, "ada") as ada:
        _, value = await cookie_of(ada)
    for tokens, stays in (
        (dict(TOKENS), True),
        (TOKENS | {"ada": "another-long-token-for-ada"}, False),
        ({"ben": TOKENS["ben"]}, False),
    ):
        async with another(locked, tokens) as (_, url):
            cookies = {f"lifeboat-{url.rpartition(':')[2]}": value}
            async with aiohttp.ClientSession(url, cookies=cookies) as session, session.get("/") as answer:
                assert (answer.url.path == "/c/books") is stays


async def test_a_session_ends_after_its_hours_and_its_open_page_asks_to_sign_in(locked: Desk) -> None:
    page = await locked.sit("ada")
    locked.clock.pass_by(SESSION_LASTS)
    await locked.console.post("books", Card("After the end"), "after")
    await page.wait_for_url("**/sign-in")
    assert "After the end" not in await page.content()
    locked.complaints.clear()


async def test_signing_out_ends_the_session_everywhere(locked: Desk) -> None:
    page = await locked.sit("ada")
    other = await page.context.new_page()
    await other.goto(locked.url)
    await page.locator(".me .person").click()
    await page.get_by_role("button", name="Sign out").click()
    await page.wait_for_url("**/sign-in")
    await other.wait_for_url("**/sign-in")
    await page.goto(locked.url + "/c/books")
    assert page.url.endswith("/sign-in")
    locked.complaints.clear()


async def test_what_another_site_sends_is_refused(locked: Desk) -> None:
    async with visitor(locked, "ada") as ada:
        token = await csrf(ada)
        for headers in (
            {"Origin": "https://evil.example", "X-CSRF-Token": token},
            {"Origin": "null", "X-CSRF-Token": token},
            {"Origin": "", "X-CSRF-Token": token},
            {"Origin": locked.url, "X-CSRF-Token": "x"},
            {"Origin": locked.url},
        ):
            async with ada.post("/press", data=press(), headers=headers) as answer:
                assert answer.status == 400, headers
                assert "Nothing was done" in await answer.text()
        assert locked.world.counted == 0
        async with ada.post("/press", data=press(), headers={"X-CSRF-Token": token}) as answer:
            assert answer.status == 200
    assert locked.world.counted == 1


async def test_signing_in_cannot_be_forged_either(locked: Desk) -> None:
    async with visitor(locked) as stranger:
        headers = {"Origin": "https://evil.example"}
        async with stranger.post("/sign-in", data={"token": TOKENS["ada"]}, headers=headers) as answer:
            assert answer.status == 400
        assert len(list(stranger.cookie_jar)) == 0


async def test_the_same_delivery_is_carried_out_once_and_another_content_is_another(locked: Desk) -> None:
    async with visitor(locked, "ada") as ada:
        headers = {"X-CSRF-Token": await csrf(ada)}
        for _ in range(3):
            async with ada.post("/press", data=press("same"), headers=headers) as answer:
                assert answer.status == 200
        assert locked.world.counted == 1
        async with ada.post("/press", data=press("next"), headers=headers) as answer:
            assert answer.status == 200
    assert locked.world.counted == 2


@pytest.mark.parametrize(
    ("path", "sent", "status"),
    [
        ("/press", {"press": "lb1:nobody.drew.this", "channel": "books", "delivery": "d"}, 200),
        ("/press", {"press": "", "channel": "books", "delivery": "d"}, 200),
        ("/press", {"press": "lb1:shelf.count", "channel": "books"}, 400),
        ("/press", {"press": "lb1:shelf.count", "channel": "nowhere", "delivery": "d"}, 404),
        ("/say", {"line": "", "channel": "books", "delivery": "d"}, 400),
        ("/say", {"line": "x" * 3000, "channel": "books", "delivery": "d"}, 400),
        ("/say", {"line": "x" * 100_000, "channel": "books", "delivery": "d"}, 413),
        ("/switch", {"person": "ben"}, 400),
        ("/nowhere", {}, 404),
    ],
)
async def test_what_makes_no_sense_is_refused_in_words(
    locked: Desk, path: str, sent: dict[str, str], status: int
) -> None:
    async with visitor(locked, "ada") as ada:
        headers = {"X-CSRF-Token": await csrf(ada), "HX-Request": "true"}
        async with ada.post(path, data=sent, headers=headers) as answer:
            assert answer.status == status
            assert "Traceback" not in await answer.text()
    assert locked.world.counted == 0


@pytest.mark.parametrize(
    "path",
    [
        "/c/nowhere",
        "/files/none",
        "/files/../../etc/passwd",
        "/static/../listen.py",
        "/c/books/earlier?before=x",
        "/events?channel=x",
    ],
)
async def test_an_address_that_is_not_there_says_so(locked: Desk, path: str) -> None:
    async with visitor(locked, "ada") as ada, ada.get(path) as answer:
        words = await answer.text()
        assert answer.status in (200, 400, 404)
        assert "Traceback" not in words
        assert "root:" not in words
        assert "import" not in words


async def test_every_answer_forbids_what_the_console_does_not_need(locked: Desk) -> None:
    async with visitor(locked, "ada") as ada:
        for path in ("/c/books", "/complete?line=/", "/static/console.js", "/healthz", "/nowhere"):
            async with ada.get(path) as answer:
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
                assert answer.headers["Referrer-Policy"] == "same-origin"
                assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
                assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        async with ada.get("/c/books") as answer:
            policy = answer.headers["Content-Security-Policy"]
            assert "script-src 'self';" in policy
            assert "unsafe" not in policy
            assert answer.headers["Cache-Control"] == "no-store"


async def test_a_demonstration_answers_to_no_other_name_than_this_machines(desk: Desk) -> None:
    async with aiohttp.ClientSession() as session:
        for host, status in (("evil.example", 400), ("127.0.0.1", 200), ("localhost", 200), ("[::1]", 200)):
            port = desk.url.rpartition(":")[2]
            async with session.get(
                desk.url + "/sign-in", headers={"Host": f"{host}:{port}"}, allow_redirects=False
            ) as answer:
                assert (answer.status < 400) is (status == 200), host


async def test_a_console_that_would_let_nobody_in_is_not_made(desk: Desk) -> None:
    with pytest.raises(ValueError, match="nobody"):
        Console(desk.router, desk.router.house, welcome=Card("x"))


async def test_only_pictures_are_shown_in_the_page_and_everything_else_is_taken_away() -> None:
    picture = download(File("a.png", "image/png", b"x"))
    page = download(File('x"; y.html', "text/html", b"<script>"))
    assert picture.headers["Content-Disposition"].startswith("inline")
    assert page.headers["Content-Disposition"] == "attachment; filename*=UTF-8''x%22%3B%20y.html"
    assert "sandbox" in page.headers["Content-Security-Policy"]

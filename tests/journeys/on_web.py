"""A person in a real browser, in the web console."""

import re

from playwright.async_api import Locator, Page, expect


class WebChat:
    """One person in one channel."""

    def __init__(self, page: Page) -> None:
        self._page = page

    async def say(self, line: str) -> None:
        await self._page.locator("#line").fill(line)
        await self._page.keyboard.press("Escape")
        await self._page.keyboard.press("Enter")
        await expect(self._page.locator("#line")).to_have_value("")

    async def sees(self, words: str, within: float = 20, *, times: int = 1) -> str:
        found = self._holding(words)
        await expect(found.nth(times - 1)).to_be_attached(timeout=within * 1000)
        return await found.last.inner_text()

    async def press(self, label: str, words: str = "") -> None:
        button = self._holding(words).get_by_role("button", name=label, exact=True).last
        await button.click(timeout=20_000)

    async def fill(self, **values: str) -> None:
        for name, value in values.items():
            await self._form.locator(f"[name='value.{name}']").fill(value)
        await self._form.get_by_role("button", name="Send", exact=True).click()

    async def form_says(self, words: str) -> None:
        await expect(self._form).to_contain_text(words)

    @property
    def _form(self) -> Locator:
        return self._page.get_by_role("dialog")

    def _holding(self, words: str) -> Locator:
        """The messages of Lifeboat, not what was said to it."""
        return self._page.locator("#messages > li", has_text=re.compile(re.escape(words)))

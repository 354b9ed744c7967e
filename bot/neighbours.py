"""Knows which services around the database are set up, and what to set for those that are not. Knows no command."""

from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta

from bot.adapters import charts, github, mail, sentry, svix, test_command, vercel
from bot.house import Neighbours
from bot.ports import Clock, ErrorWatch, Mail, Site, TestSuite, Webhooks
from bot.settings import Settings, mend

_SETTINGS = {"site": "vercel", "webhooks": "svix", "error_watch": "sentry", "test_suite": "tests", "mail": "smtp"}


async def neighbours(settings: Settings, clock: Clock, stack: AsyncExitStack) -> Neighbours:
    """Every service that is set up; nothing is asked of any of them yet. Raises Refused for what cannot be one."""
    found = Neighbours(
        site=await _site(settings, stack),
        webhooks=await _webhooks(settings, stack),
        error_watch=await _error_watch(settings, stack),
        test_suite=await _test_suite(settings, stack),
        mail=await _mail(settings, clock, stack),
        charts=charts.connect(),
    )
    missing = {name: mend(setting) for name, setting in _SETTINGS.items() if getattr(found, name) is None}
    return replace(found, unconnected=missing)


async def _site(settings: Settings, stack: AsyncExitStack) -> Site | None:
    if (to := settings.vercel) is None:
        return None
    token = to.token.get_secret_value()
    opened = vercel.connect(token, to.project, to.team, to.variable, to.value, to.api)
    return await stack.enter_async_context(opened)


async def _webhooks(settings: Settings, stack: AsyncExitStack) -> Webhooks | None:
    if (to := settings.svix) is None:
        return None
    return await stack.enter_async_context(svix.connect(to.token.get_secret_value(), to.app, to.api))


async def _error_watch(settings: Settings, stack: AsyncExitStack) -> ErrorWatch | None:
    if (to := settings.sentry) is None:
        return None
    opened = sentry.connect(to.token.get_secret_value(), to.organization, to.project, to.api)
    return await stack.enter_async_context(opened)


async def _test_suite(settings: Settings, stack: AsyncExitStack) -> TestSuite | None:
    """The command on this machine, where both are set: it needs nobody else to be up."""
    if (here := settings.tests) is not None:
        return test_command.CommandSuite(here.command, here.folder, timedelta(minutes=here.minutes))
    if (to := settings.github) is None:
        return None
    opened = github.connect(to.token.get_secret_value(), to.repository, to.workflow, to.ref, to.api)
    return await stack.enter_async_context(opened)


async def _mail(settings: Settings, clock: Clock, stack: AsyncExitStack) -> Mail | None:
    if (to := settings.smtp) is None:
        return None
    password = to.password.get_secret_value()
    opened = mail.connect(to.host, to.port, to.sender, clock, username=to.username, password=password, tls=to.tls)
    return await stack.enter_async_context(opened)

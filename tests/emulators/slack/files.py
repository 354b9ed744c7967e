"""Knows how a file is uploaded in three calls. Knows nothing of what is in it."""

from typing import Any

from aiohttp import web

from tests.emulators.slack.arguments import Arguments, Refusal, invalid
from tests.emulators.slack.faults import Faults
from tests.emulators.slack.web_api import Call, Method, disturbed
from tests.emulators.slack.world import BOT_USER, File, World

WRITE = ("files:write",)


class Files:
    """files.getUploadURLExternal, the upload itself, files.completeUploadExternal."""

    def __init__(self, world: World, faults: Faults) -> None:
        self._world = world
        self._faults = faults
        self.url = ""

    def methods(self) -> dict[str, Method]:
        """What is offered."""
        return {
            "files.getUploadURLExternal": Method(self._begin, WRITE),
            "files.completeUploadExternal": Method(self._complete, WRITE),
        }

    async def _begin(self, given: Arguments) -> dict[str, Any]:
        length = given.whole("length", 0)
        if length <= 0:
            raise invalid("invalid_arguments", "must be above 0 [json-pointer:/length]")
        file = File(f"F0{self._world.number():07d}", given.required("filename"), length, unready=self._world.scans)
        self._world.files[file.id] = file
        return {"upload_url": f"{self.url}/{file.id}", "file_id": file.id}

    async def upload(self, request: web.Request) -> web.StreamResponse:
        """Take the bytes in."""
        call = Call("upload", {"file": request.match_info["file"]}, self._world.clock.now)
        return await disturbed(request, self._faults, call, lambda: self._uploaded(request))

    async def _uploaded(self, request: web.Request) -> web.Response:
        file = self._world.files.get(request.match_info["file"])
        if file is None or file.uploaded:
            return web.Response(status=404, text="not found")
        content = await request.read()
        if request.content_type.startswith("multipart/"):
            return web.Response(status=400, text="the emulator takes the bytes themselves")
        if len(content) != file.length:
            return web.Response(status=400, text=f"length mismatch: {len(content)} for {file.length}")
        file.content, file.uploaded = content, True
        return web.Response(text=f"OK - {len(content)}")

    async def _complete(self, given: Arguments) -> dict[str, Any]:
        files = []
        for one in given.parsed("files") or []:
            file = self._world.files.get(one.get("id"))
            if file is None or not file.uploaded or file.shared:
                raise Refusal("file_not_found")
            file.title = one.get("title") or file.name
            files.append(file)
        if not files:
            raise invalid("invalid_arguments", "missing required field: files")
        for named in given.several("channels") or given.several("channel_id"):
            channel = self._world.postable(named)
            thread = given.text("thread_ts")
            if thread and thread not in channel.messages:
                raise Refusal("invalid_thread_ts")
            comment = given.text("initial_comment") or ""
            self._world.post(channel, BOT_USER, comment, thread_ts=thread, files=files)
        for file in files:
            file.shared = True
        return {"files": [file.shown() for file in files]}

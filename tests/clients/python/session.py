"""The scripted session, driven by the Python SDK `mcp` (1.x or 2.x, whichever is installed).

    python session.py '{"transport": "http", "url": ..., "key": ..., "plan": PATH, "unique": TEXT}'
    python session.py '{"transport": "stdio", "command": ..., "args": [...], "env": {...}, ...}'

stdout: one JSON object a check, then {"done": true}. stderr: the transcript.
"""

import importlib.metadata
import json
import sys
import time
import traceback
from contextlib import AsyncExitStack, asynccontextmanager

import anyio
from mcp import StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client

VERSION = importlib.metadata.version("mcp")
MODERN = int(VERSION.split(".")[0]) >= 2
if MODERN:
    import httpx2 as http
    from mcp import Client, MCPError as ProtocolError
else:
    import httpx as http
    from mcp import ClientSession, McpError as ProtocolError, types

SPEC = json.loads(sys.argv[1])
with open(SPEC["plan"], encoding="utf-8") as file:
    PLAN = json.load(file)


def report(**line):
    print(json.dumps(line), flush=True)


def transcript(mark, text):
    print(f"{mark} {text}", file=sys.stderr, flush=True)


class Failed(Exception):
    """A check that did not hold; the text says what was seen."""


def need(holds, text):
    if not holds:
        raise Failed(text)


class Checks:
    """Runs checks one by one; a failed one is reported and does not stop the rest."""

    def __init__(self):
        self.failed = 0

    async def run(self, name, body):
        transcript("##", name)
        try:
            with anyio.fail_after(30):
                note = await body()
            report(check=name, ok=True, note=note or "")
        except Exception as error:
            self.failed += 1
            traceback.print_exc()
            report(check=name, ok=False, note=f"{type(error).__name__}: {error}")


class Wire:
    """Status codes of the HTTP exchanges, and their transcript."""

    def __init__(self):
        self.statuses = []

    async def on_request(self, request):
        body = request.content.decode(errors="replace") if request.method == "POST" else ""
        transcript("->", f"{request.method} {body}")

    async def on_response(self, response):
        self.statuses.append((response.request.method, response.status_code))
        kind = response.headers.get("content-type", "")
        body = ""
        if "json" in kind:
            body = (await response.aread()).decode(errors="replace")
        transcript("<-", f"{response.status_code} {kind} {body}")


def wire_json(result):
    """A result as it went over the wire."""
    return result.model_dump(mode="json", by_alias=True, exclude_none=True)


@asynccontextmanager
async def connected(wire):
    """A connected session with the few calls the script needs, the same for both SDK lines."""
    async with AsyncExitStack() as stack:
        if SPEC["transport"] == "stdio":
            transport = stdio_client(
                StdioServerParameters(command=SPEC["command"], args=SPEC["args"], env=SPEC["env"])
            )
        else:
            client = await stack.enter_async_context(
                http.AsyncClient(
                    headers={"Authorization": f"Bearer {SPEC['key']}"},
                    timeout=http.Timeout(30, read=300),
                    event_hooks={"request": [wire.on_request], "response": [wire.on_response]},
                    trust_env=False,
                )
            )
            transport = streamable_http_client(SPEC["url"], http_client=client)
        if MODERN:
            client = await stack.enter_async_context(Client(transport, mode=SPEC.get("mode", "auto")))
            yield ModernSession(client)
        else:
            read, write, *_ = await stack.enter_async_context(transport)
            session = await stack.enter_async_context(ClientSession(read, write))
            yield LegacySession(session, await session.initialize())


class ModernSession:
    def __init__(self, client):
        self.client = client
        self.protocol = client.protocol_version
        self.server = client.server_info

    async def ping(self):
        await self.client.send_ping()

    async def page(self, cursor):
        return await self.client.list_tools(cursor=cursor, cache_mode="bypass")

    async def call(self, name, arguments):
        return await self.client.call_tool(name, arguments)


class LegacySession:
    def __init__(self, session, hello):
        self.session = session
        self.protocol = hello.protocolVersion
        self.server = hello.serverInfo

    async def ping(self):
        await self.session.send_ping()

    async def page(self, cursor):
        params = types.PaginatedRequestParams(cursor=cursor) if cursor else None
        return await self.session.list_tools(params=params)

    async def call(self, name, arguments):
        return await self.session.call_tool(name, arguments)


def answer(result):
    """The JSON object in the first content block of a result that is no error."""
    result = wire_json(result)
    need(result.get("content"), f"no content in {result}")
    text = result["content"][0].get("text", "")
    need(not result.get("isError"), f"tool error: {text}")
    value = json.loads(text)
    need(isinstance(value, dict) and value, f"not a JSON object: {text}")
    return value


def first_id(value):
    """The id of the first record in the first list of an answer."""
    for member in value.values():
        if isinstance(member, list) and member and isinstance(member[0], dict) and "id" in member[0]:
            return member[0]["id"]
    raise Failed(f"no list of records with an id in {value}")


def filled(arguments, words):
    """Arguments of the plan with `@word` replaced."""
    if isinstance(arguments, dict):
        return {key: filled(value, words) for key, value in arguments.items()}
    if isinstance(arguments, list):
        return [filled(value, words) for value in arguments]
    return words.get(arguments, arguments) if isinstance(arguments, str) else arguments


async def script(session, checks):
    words = {"@unique": SPEC["unique"]}
    menu = []

    async def connect():
        need(session.protocol == PLAN["protocol"], f"negotiated {session.protocol}")
        need(session.server and session.server.name, "the server does not say its name")
        return f"{session.server.name} {session.server.version}, {session.protocol}"

    async def all_pages():
        tools, cursor, pages = [], None, 0
        while True:
            page = wire_json(await session.page(cursor))
            pages += 1
            tools += page["tools"]
            cursor = page.get("nextCursor")
            if cursor is None:
                return tools, pages
            need(page["tools"] and pages < 1000, "paging does not end")

    async def list_tools():
        tools, pages = await all_pages()
        names = [tool["name"] for tool in tools]
        need(len(set(names)) == len(names), "a tool is listed twice")
        bare = [t["name"] for t in tools if not t.get("description") or t["inputSchema"].get("type") != "object"]
        need(not bare, f"no description or no object schema: {bare}")
        for wanted in (PLAN["read"]["tool"], PLAN["search"]["tool"]):
            need(wanted in names, f"`{wanted}` is not in {names}")
        again, _ = await all_pages()
        need([tool["name"] for tool in again] == names, "the order changed between two lists")
        menu.extend(names)
        return f"{len(names)} tools, {pages} page(s)"

    async def ping():
        await session.ping()

    async def read():
        answer(await session.call(PLAN["read"]["tool"], PLAN["read"]["arguments"]))
        return PLAN["read"]["tool"]

    async def search():
        found = answer(await session.call(PLAN["search"]["tool"], PLAN["search"]["arguments"]))
        words["@contact"] = first_id(found)
        return PLAN["search"]["tool"]

    async def write():
        offered = [write for write in PLAN["writes"] if write["tool"] in menu]
        need(offered, "the menu offers none of the writes of the plan")
        tool, arguments = offered[0]["tool"], filled(offered[0]["arguments"], words)
        preview = answer(await session.call(tool, {**arguments, "dry_run": True}))
        need(preview.get("dry_run") is True, f"not marked as a dry run: {preview}")
        need(preview.get("changes"), f"a dry run without changes: {preview}")
        confirm = preview.get("confirm")
        need(isinstance(confirm, str) and confirm, f"a dry run without confirm: {preview}")
        done = answer(await session.call(tool, {**arguments, "confirm": confirm}))
        need(not done.get("dry_run"), f"the confirmed write was a dry run: {done}")
        return tool

    async def bad_argument():
        for bad in PLAN["bad"]:
            result = wire_json(await session.call(bad["tool"], bad["arguments"]))
            need(result.get("isError") is True, f"accepted {bad['arguments']}: {result}")
            need(result["content"] and result["content"][0].get("text"), "no word on what is wrong")

    async def unknown_tool():
        try:
            result = await session.call(PLAN["unknown_tool"], {})
        except ProtocolError as error:
            need(error.error.code == -32602, f"code {error.error.code}: {error}")
            return str(error.error.code)
        raise Failed(f"answered {wire_json(result)}")

    await checks.run("connect", connect)
    await checks.run("ping", ping)
    await checks.run("list tools", list_tools)
    await checks.run("read", read)
    await checks.run("search", search)
    await checks.run("dry run, then confirm", write)
    await checks.run("bad argument is a tool error", bad_argument)
    await checks.run("unknown tool is a protocol error", unknown_tool)
    await checks.run("ping after errors", ping)


async def main():
    report(version=VERSION)
    checks, wire = Checks(), Wire()
    session = connected(wire)
    opened = []

    # Not through Checks.run: a context that was entered must be left in the same cancel scope.
    try:
        opened.append(await session.__aenter__())
    except BaseException as error:
        traceback.print_exc()
        report(check="connect", ok=False, note=f"{type(error).__name__}: {error}")
        return 1
    await script(opened[0], checks)

    transcript("##", "close")
    started = time.monotonic()
    try:
        await session.__aexit__(None, None, None)
        took = time.monotonic() - started
        # The SDK waits two seconds before it kills a server that does not go by itself.
        need(took < 1.8, f"took {took:.1f} s")
        if SPEC["transport"] == "http":
            ends = [status for method, status in wire.statuses if method == "DELETE"]
            need(ends and ends[-1] in (200, 204), f"DELETE answered {ends}")
        report(check="close", ok=True, note=f"{took * 1000:.0f} ms")
    except Exception as error:
        checks.failed += 1
        traceback.print_exc()
        report(check="close", ok=False, note=f"{type(error).__name__}: {error}")
    report(done=True)
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(anyio.run(main))

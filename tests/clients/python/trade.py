"""A day of trade, driven by the Python SDK: a customer orders, sales quotes, the office ships, bills and reconciles.

    python trade.py '{"transport": "http", "url": ..., "keys": {...}, "contact": ID}'
    python trade.py '{"transport": "stdio", "command": ..., "args": [...], "keys": {...}, "contact": ID}'

`keys` holds the keys of `sales`, `operations`, `finance` and `channel`; `contact` is the customer's contact, whom the
channel vouches for. Every write is made as a dry run first and then carried out by its `confirm`.

stdout: one JSON object a check, then {"done": true}. stderr: the transcript.
"""

import datetime
import decimal
import importlib.metadata
import json
import sys
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
    from mcp import Client
else:
    import httpx as http
    from mcp import ClientSession

SPEC = json.loads(sys.argv[1])
IBAN = "DE89370400440532013000"


def report(**line):
    print(json.dumps(line), flush=True)


class Failed(Exception):
    """A step that did not go as it should; the text says what was seen."""


def need(holds, text):
    if not holds:
        raise Failed(text)
    return holds


class Party:
    """Somebody at the door, and how they call."""

    def __init__(self, session, meta):
        self.session = session
        self.meta = meta

    async def call(self, tool, **arguments):
        print(f"-> {tool} {json.dumps(arguments)}", file=sys.stderr, flush=True)
        result = await self.session.call_tool(tool, arguments, meta=self.meta)
        result = result.model_dump(mode="json", by_alias=True, exclude_none=True)
        text = result["content"][0].get("text", "")
        print(f"<- {text[:2000]}", file=sys.stderr, flush=True)
        need(not result.get("isError"), f"{tool}: {text}")
        return json.loads(text)

    async def write(self, tool, **arguments):
        """What a careful model does: shows the preview, hears yes, and confirms exactly that."""
        preview = await self.call(tool, **arguments, dry_run=True)
        need(preview.get("dry_run") is True and preview.get("changes"), f"{tool}: no preview in {preview}")
        done = await self.call(tool, **arguments, confirm=need(preview.get("confirm"), f"{tool}: no confirm"))
        need(not done.get("dry_run"), f"{tool}: the confirmed call was a dry run")
        return done


@asynccontextmanager
async def at_the_door(key, meta=None):
    """A session with one of the keys."""
    async with AsyncExitStack() as stack:
        if SPEC["transport"] == "stdio":
            parameters = StdioServerParameters(
                command=SPEC["command"], args=SPEC["args"], env={"MAITRED_KEY": SPEC["keys"][key]}
            )
            transport = stdio_client(parameters)
        else:
            client = await stack.enter_async_context(
                http.AsyncClient(
                    headers={"Authorization": f"Bearer {SPEC['keys'][key]}"},
                    timeout=http.Timeout(30, read=300),
                    trust_env=False,
                )
            )
            transport = streamable_http_client(SPEC["url"], http_client=client)
        if MODERN:
            yield Party(await stack.enter_async_context(Client(transport)), meta)
        else:
            read, write, *_ = await stack.enter_async_context(transport)
            session = await stack.enter_async_context(ClientSession(read, write))
            await session.initialize()
            yield Party(session, meta)


def rows(answer):
    """The records of a list."""
    return next((value for value in answer.values() if isinstance(value, list)), [])


def statement(day, receipts):
    """A bank statement of these receipts, (amount, payer, text) each, as MT940."""
    money = lambda amount: f"{amount:.2f}".replace(".", ",")
    total = sum((amount for amount, _, _ in receipts), decimal.Decimal(0))
    lines = [":20:TRADE", f":25:{IBAN}", ":28C:1/1", f":60F:C{day:%y%m%d}EUR0,00"]
    for amount, payer, text in receipts:
        lines += [f":61:{day:%y%m%d}C{money(amount)}NTRFNONREF", f":86:166?00CREDIT?20{text[:27]}?32{payer[:27]}"]
    lines += [f":62F:C{day:%y%m%d}EUR{money(total)}", "-"]
    return "\n".join(lines) + "\n"


class Day:
    """What was done so far."""

    def __init__(self):
        self.orders = []
        self.invoices = []
        self.skus = []

    async def customer_orders(self):
        meta = {"_identity": {"contact": SPEC["contact"]}}
        async with at_the_door("channel", meta) as customer:
            found = rows(await customer.call("catalog_my_product_search", in_stock=True, limit=10))
            self.skus = [need(row.get("sku"), f"no SKU in {row}") for row in found]
            need(len(self.skus) >= 2, f"too few products: {found}")
            lines = [{"product": sku, "qty": "2"} for sku in self.skus[:2]]
            await customer.write("orders_my_cart_set", lines=lines, replace=True)
            cart = await customer.call("orders_my_cart_get")
            need(len(cart.get("cart", cart).get("lines", [])) == 2, f"the basket holds {cart}")
            done = await customer.write("orders_my_cart_submit", po_reference="trade")
            number = need(done.get("order", done).get("number"), f"no order number in {done}")
            mine = rows(await customer.call("orders_my_order_list", kind="orders", limit=5))
            need(any(row["number"] == number for row in mine), f"`{number}` is not in {mine}")
            self.orders.append(number)
            return number

    async def sales_quotes(self):
        async with at_the_door("sales") as sales:
            person = await sales.call("crm_contact_get", contact=SPEC["contact"])
            company = need(person["companies"][0]["company"], f"no company of {person}")
            lines = [{"product": self.skus[0], "qty": "3"}]
            quote = await sales.write("orders_quote_create", company=company["id"], contact=SPEC["contact"], lines=lines)
            number = need(quote.get("quote", quote).get("number"), f"no number in {quote}")
            await sales.write("orders_quote_send", quote=number)
            # They say yes on the telephone.
            await sales.write(
                "orders_quote_close",
                quote=number,
                outcome="accepted",
                by_contact=SPEC["contact"],
                evidence="on the telephone",
            )
            order = await sales.write("orders_quote_convert", quote=number)
            order = need(order.get("order", order).get("number"), f"no order in {order}")
            self.orders.append(order)
            return f"{number} became {order}"

    async def office_ships(self):
        async with at_the_door("operations") as office:
            for order in self.orders:
                now = await office.call("orders_order_get", order=order)
                status = now.get("order", now)["status"]
                if status in ("draft", "pending_approval"):
                    await office.write("orders_order_confirm", order=order, allow_backorder=True)
                sent = await office.write("orders_shipment_create", order=order, carrier="Post")
                shipment = sent.get("shipment", sent)["number"]
                await office.write("orders_shipment_update", shipment=shipment, status="shipped")
                await office.write("orders_shipment_update", shipment=shipment, status="delivered")
            return ", ".join(self.orders)

    async def office_bills(self):
        async with at_the_door("finance") as office:
            for order in self.orders:
                made = await office.write("invoicing_invoice_generate", source="order", ref=order)
                draft = made.get("invoice", made)["id"]
                done = await office.write("invoicing_invoice_issue", invoice=draft)
                invoice = done.get("invoice", done)
                need(invoice.get("number"), f"no number in {done}")
                self.invoices.append((invoice["number"], decimal.Decimal(invoice["balance"]), invoice["company"]))
            return ", ".join(number for number, _, _ in self.invoices)

    async def office_reconciles(self):
        async with at_the_door("finance") as office:
            company = self.invoices[0][2]

            async def owed():
                answer = await office.call("invoicing_receivables_report", company=company["id"])
                total = sum(decimal.Decimal(row["ages"]["total"]) for row in answer["totals"])
                return total, datetime.date.fromisoformat(answer["as_of"])

            # The day at the house, where it may be tomorrow already.
            before, today = await owed()
            receipts = [(balance, who["name"], number) for number, balance, who in self.invoices]
            file = statement(today, receipts)
            read = await office.write("invoicing_bank_import", content=file, new_account="Main")
            need(read["new"] == len(receipts), f"not every line is new: {read}")
            again = await office.call("invoicing_bank_import", content=file, dry_run=True)
            need(again["preview"]["new"] == 0, f"the same file adds lines: {again}")
            await office.call("invoicing_match_suggest")
            done = await office.write("invoicing_match_apply", auto={})
            need(done["matched_count"] >= len(receipts), f"not every receipt was matched: {done}")
            after, _ = await owed()
            paid = sum(balance for _, balance, _ in self.invoices)
            need(before - after == paid, f"owed {before} before and {after} after {paid} was paid")
            for number, _, _ in self.invoices:
                now = await office.call("invoicing_invoice_get", invoice=number)
                need(now.get("invoice", now)["status"] == "paid", f"{number}: {now}")
            return f"owed {before}, then {after}"


async def main():
    report(version=VERSION)
    day = Day()
    for name, step in [
        ("a customer orders over a channel", day.customer_orders),
        ("sales quotes, sends and converts", day.sales_quotes),
        ("the office confirms and ships", day.office_ships),
        ("the office bills", day.office_bills),
        ("the bank statement is reconciled", day.office_reconciles),
    ]:
        try:
            with anyio.fail_after(60):
                report(check=name, ok=True, note=await step())
        except Exception as error:
            traceback.print_exc()
            # Task groups wrap what went wrong inside of them.
            while isinstance(error, BaseExceptionGroup):
                error = error.exceptions[0]
            report(check=name, ok=False, note=f"{type(error).__name__}: {error}")
            return 1
    report(done=True)
    return 0


if __name__ == "__main__":
    sys.exit(anyio.run(main))

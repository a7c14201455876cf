"""A certificate in; a home folder whose Chromium trusts it, as after the import in its settings, out.

Written by NSS itself, as certutil would, which is not on every machine: https://firefox-source-docs.mozilla.org/security/nss
"""

import ctypes
import multiprocessing
from pathlib import Path


class _Trust(ctypes.Structure):
    _fields_ = (("ssl", ctypes.c_uint), ("email", ctypes.c_uint), ("code", ctypes.c_uint))


def trust(home: Path, certificate: bytes) -> None:
    """Let what runs with ``home`` trust an authority (DER) for servers. In a process of its own: NSS is global."""
    folder = home / ".pki" / "nssdb"
    folder.mkdir(parents=True)
    process = multiprocessing.get_context("spawn").Process(target=_trust, args=(str(folder), certificate))
    process.start()
    process.join(120)  # a bound, never waited out where things work
    assert process.exitcode == 0


def _trust(folder: str, certificate: bytes) -> None:
    nss, smime = ctypes.CDLL("libnss3.so"), ctypes.CDLL("libsmime3.so")
    pointer, text = ctypes.c_void_p, ctypes.c_char_p

    def call(library: ctypes.CDLL, name: str, *arguments: object, of: tuple[object, ...], gives: object) -> int:
        function = getattr(library, name)
        function.argtypes, function.restype = of, gives
        found: int = function(*arguments)
        assert (found is not None) if gives is pointer else found == 0, name
        return found

    call(nss, "NSS_InitReadWrite", f"sql:{folder}".encode(), of=(text,), gives=ctypes.c_int)
    slot = call(nss, "PK11_GetInternalKeySlot", of=(), gives=pointer)
    call(nss, "PK11_InitPin", slot, None, b"", of=(pointer, text, text), gives=ctypes.c_int)
    made = call(
        smime, "CERT_DecodeCertFromPackage", certificate, len(certificate), of=(text, ctypes.c_int), gives=pointer
    )
    of_import = (pointer, pointer, ctypes.c_ulong, text, ctypes.c_int)
    call(nss, "PK11_ImportCert", slot, made, 0, b"forecalm", 0, of=of_import, gives=ctypes.c_int)
    trusted = _Trust()
    of_trust = ctypes.POINTER(_Trust)
    call(nss, "CERT_DecodeTrustString", ctypes.byref(trusted), b"C,,", of=(of_trust, text), gives=ctypes.c_int)
    database = call(nss, "CERT_GetDefaultCertDB", of=(), gives=pointer)
    of_change = (pointer, pointer, of_trust)
    call(nss, "CERT_ChangeCertTrust", database, made, ctypes.byref(trusted), of=of_change, gives=ctypes.c_int)
    nss.CERT_DestroyCertificate(pointer(made))
    nss.PK11_FreeSlot(pointer(slot))
    call(nss, "NSS_Shutdown", of=(), gives=ctypes.c_int)

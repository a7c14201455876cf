"""Objects with interfaces with properties in, what a private D-Bus says of them out: signals, and org.freedesktop's."""

from typing import Final

from dbus_fast import Message, MessageType, Variant
from dbus_fast.aio import MessageBus

OBJECTS: Final = "org.freedesktop.DBus.ObjectManager"
PROPERTIES: Final = "org.freedesktop.DBus.Properties"

Reply = tuple[str, list[object]]


class Tree:
    """The objects of one bus name; paths to interfaces to properties."""

    def __init__(self, bus: MessageBus) -> None:
        self.objects: dict[str, dict[str, dict[str, Variant]]] = {}
        self._bus = bus

    def add(self, path: str, interface: str, **properties: Variant) -> None:
        """One more interface of an object."""
        self.objects.setdefault(path, {})[interface] = properties
        self._signal("/", OBJECTS, "InterfacesAdded", "oa{sa{sv}}", [path, {interface: properties}])

    def remove(self, path: str) -> None:
        """An object and all below it."""
        for gone in sorted((p for p in self.objects if p == path or p.startswith(f"{path}/")), reverse=True):
            self._signal("/", OBJECTS, "InterfacesRemoved", "oas", [gone, list(self.objects.pop(gone))])

    def change(self, path: str, interface: str, **properties: Variant) -> None:
        """Properties of an object, where it is still there."""
        now = self.objects.get(path, {}).get(interface)
        if now is not None:
            now.update(properties)
            self._signal(path, PROPERTIES, "PropertiesChanged", "sa{sv}as", [interface, properties, []])

    def answer(self, message: Message) -> Reply | None:
        """To what org.freedesktop asks of any object; None: not that."""
        match message.interface, message.member:
            case (str() as interface, "GetManagedObjects") if interface == OBJECTS:
                return "a{oa{sa{sv}}}", [self.objects]
            case (str() as interface, "Set") if interface == PROPERTIES:
                self.change(message.path, message.body[0], **{message.body[1]: message.body[2]})
                return "", []
        return None

    def _signal(self, path: str, interface: str, member: str, signature: str, body: list[object]) -> None:
        if self._bus.connected:
            self._bus.send(
                Message(
                    message_type=MessageType.SIGNAL,
                    path=path,
                    interface=interface,
                    member=member,
                    signature=signature,
                    body=body,
                )
            )

"""The hub: all live connections of one app, and what is known about them."""

from __future__ import annotations

from flask import Flask, current_app

from chatapp.core.event_bus import EventBus
from chatapp.core.events import CredentialEnded, PresenceAudienceChanged, ReceiptsSwitched
from chatapp.core.presence import OnlinePeople
from chatapp.realtime.broadcast import Broadcast
from chatapp.realtime.connections import Connections
from chatapp.realtime.delivery import Delivery
from chatapp.realtime.dispatch import Dispatcher
from chatapp.realtime.lifecycle import Lifecycle
from chatapp.realtime.membership import Membership
from chatapp.realtime.presence import Presence
from chatapp.realtime.receipts import Receipts
from chatapp.realtime.revalidation import Revalidation
from chatapp.realtime.sequence import Sequencer
from chatapp.realtime.server import answer_connections, make_server
from chatapp.realtime.speakers import Speakers
from chatapp.realtime.typing import Typing
from chatapp.realtime.views import Views
from chatapp.transport.admission import MAX_WAITING, Admission
from config import Settings


class Hub:
    """Puts the parts of live connections together; each part has its own state and no other's."""

    def __init__(
        self, app: Flask, settings: Settings, *, bus: EventBus, online: OnlinePeople
    ) -> None:
        self.server = server = make_server(app, settings)
        self.admission = Admission(
            server,
            paced=settings.rate_limits,
            max_waiting=MAX_WAITING if settings.rate_limits else None,
        )
        self.connections = Connections(server)
        self.speakers = Speakers(server, self.connections)
        self.membership = Membership(app, server, self.connections, self.speakers)
        self.receipts = Receipts(app, self.connections)
        self.delivery = Delivery(server, self.connections, self.speakers, self.receipts)
        self.views = Views(server, self.connections, self.membership)
        self.typing = Typing(app, self.views)
        self.presence = Presence(app, online, self.connections, self.speakers, self.delivery)
        self.revalidation = Revalidation(app, self.connections, self.receipts)
        self.broadcast = Broadcast(
            app,
            server,
            connections=self.connections,
            speakers=self.speakers,
            membership=self.membership,
            delivery=self.delivery,
        )
        self.sequencer = Sequencer(self.broadcast.send)
        self.membership.when_removed(self.views.close)
        self.membership.when_removed(
            lambda connection, id_: self.typing.stop(connection.user_id, id_)
        )
        lifecycle = Lifecycle(
            app,
            server,
            connections=self.connections,
            speakers=self.speakers,
            membership=self.membership,
            receipts=self.receipts,
            after_connect=(self.presence.come_online, self.revalidation.watch),
            after_disconnect=(
                self.views.close_all,
                self.typing.stop_all,
                self.presence.go_offline,
            ),
        )
        dispatcher = Dispatcher(app, server, bus, self.connections, self.speakers)
        answer_connections(server, self.admission, lifecycle, dispatcher)
        bus.subscribe(
            self.sequencer.deliver, reserve=self.sequencer.reserve, cancel=self.sequencer.cancel
        )
        bus.receive(
            CredentialEnded, lambda signal: self.connections.close_opened_by(signal.credential_id)
        )
        bus.receive(
            ReceiptsSwitched, lambda signal: self.receipts.note(signal.user_id, signal.hidden)
        )
        bus.receive(PresenceAudienceChanged, self.broadcast.notice)


def init_app(app: Flask, settings: Settings) -> Hub:
    """Give the app a hub of its own; return it."""
    hub = Hub(app, settings, bus=app.extensions["events"], online=app.extensions["presence"])
    app.extensions["hub"] = hub
    return hub


def current_hub() -> Hub:
    """Return the current app's hub."""
    hub: Hub = current_app.extensions["hub"]
    return hub

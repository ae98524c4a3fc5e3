"""The table of settings: each with its parser, its default and what it does.

`.env.example` and `docs/configuration.md` are tested to say the same.
"""

from __future__ import annotations

from chatapp.settings.mail import mailbox, smtp_url
from chatapp.settings.parsers import (
    SECRET_BYTES,
    choice,
    dialects,
    duration,
    folder,
    integer,
    line,
    names,
    networks,
    on_off,
    secret_key,
    themes,
)
from chatapp.settings.reading import Setting
from chatapp.settings.stores import STORES, TIME
from chatapp.settings.urls import host, hosts, media_url, metadata_url, origins, site_url

SETTINGS: tuple[Setting, ...] = (
    Setting(
        "HOST",
        host,
        "an IP address or a host name",
        "127.0.0.1",
        "The address to listen on. Only this computer can reach 127.0.0.1; with 0.0.0.0 every "
        "computer can, and BASE_URL must be set too.",
    ),
    Setting(
        "PORT", integer(1, 65535), "a number from 1 to 65535", "5000", "The port to listen on."
    ),
    Setting(
        "BASE_URL",
        site_url,
        "an http:// or https:// address without a path",
        "",
        "The address that people open in their browser. Links are built from it, and its pages may "
        "use the session cookie. By default http://HOST:PORT; a localhost address without a port "
        "gets PORT.",
    ),
    Setting(
        "ALLOWED_HOSTS",
        hosts,
        "names such as chat.example.com, separated by commas, or *",
        "",
        "More host names that this server answers to. If this or BASE_URL is set, requests for any "
        "other host are refused, except for localhost and IP addresses; * allows every host.",
    ),
    Setting(
        "TRUSTED_PROXIES",
        integer(0, 10),
        "a number from 0 to 10",
        "0",
        "How many proxies requests pass through. That many entries of X-Forwarded-For, -Proto and "
        "-Host are trusted, counted from the last; all others could be forged and are ignored.",
    ),
    *STORES,
    Setting(
        "SECRET_KEY",
        secret_key,
        f"at least {SECRET_BYTES} bytes that nobody can guess",
        "",
        "Signs session cookies and forms. By default created at the first start and kept in "
        "INSTANCE_DIR/secret_key.",
        secret=True,
    ),
    Setting(
        "JWT_SECRET",
        secret_key,
        f"at least {SECRET_BYTES} bytes that nobody can guess",
        "",
        "Signs access tokens. By default created at the first start and kept in "
        "INSTANCE_DIR/jwt_secret.",
        secret=True,
    ),
    Setting("JWT_EXPIRATION", duration(1), TIME, "7d", "How long an access token is valid."),
    Setting(
        "SESSION_LIFETIME",
        duration(60),
        f"{TIME}; at least 1m",
        "30d",
        "How long a browser stays signed in between visits.",
    ),
    Setting(
        "REAUTH_WINDOW",
        duration(1),
        TIME,
        "10m",
        "For accounts without a password: how long after signing in they may change what would "
        "otherwise ask for the password.",
    ),
    Setting(
        "SOCKET_IO_CORS",
        origins,
        "origins such as https://app.example.com, separated by commas, or *",
        "",
        "Other websites whose pages may call this server from a browser. With * every website may, "
        "but only with an access token, never with the session cookie.",
    ),
    Setting(
        "FRONTEND_URL",
        site_url,
        "an http:// or https:// address without a path",
        "",
        "The address of your own front end; its pages may use the session cookie.",
    ),
    Setting(
        "DIALECTS",
        dialects,
        "camel, kebab and cookie, separated by commas; or none",
        "camel,kebab,cookie",
        "The APIs of older chat servers that this server speaks too: docs/dialects.md.",
    ),
    Setting(
        "GOOGLE_CLIENT_ID",
        line,
        "the client id from Google's console, together with GOOGLE_CLIENT_SECRET",
        "",
        "Lets people sign in with Google, or with the provider at OAUTH_METADATA_URL. Register "
        "BASE_URL/auth/google/callback there as the redirect address.",
    ),
    Setting(
        "GOOGLE_CLIENT_SECRET",
        line,
        "the client secret from Google's console, together with GOOGLE_CLIENT_ID",
        "",
        "The secret that belongs to GOOGLE_CLIENT_ID.",
        secret=True,
    ),
    Setting(
        "OAUTH_METADATA_URL",
        metadata_url,
        "an https:// address that ends in /.well-known/openid-configuration; http:// on this "
        "computer only",
        "https://accounts.google.com/.well-known/openid-configuration",
        "The metadata of the OpenID provider that people sign in with: Google, or any other.",
    ),
    Setting("OAUTH_NAME", line, "a name", "Google", "The name of that provider on our pages."),
    Setting(
        "SMTP_URL",
        smtp_url,
        "smtp://user:password@host:587 or smtps://user:password@host:465, with ?tls=required or "
        "?verify=off",
        "",
        "The mail server for outgoing mail. smtp:// is encrypted if the server supports STARTTLS; "
        "with a password or ?tls=required nothing is sent unencrypted. By default mail is written "
        "to the log and kept in INSTANCE_DIR/mail.",
    ),
    Setting(
        "MAIL_FROM",
        mailbox,
        "an email address, alone or as Name <address>",
        "",
        "The sender of outgoing mail. By default noreply@ the host of BASE_URL.",
    ),
    Setting(
        "REQUIRE_VERIFIED_EMAIL",
        on_off,
        "on or off",
        "off",
        "`on`: people can read, but not write, until they have confirmed their email address.",
    ),
    Setting(
        "USER_ROLES",
        names,
        "names of up to 50 characters, separated by commas",
        "",
        "The roles that people can choose from in their profile. If empty, they can enter any "
        "text.",
    ),
    Setting(
        "THEMES",
        themes,
        "names of folders in templates/themes, separated by commas",
        "bubbles,plain",
        "The themes that people can choose from.",
    ),
    Setting(
        "DEFAULT_THEME",
        line,
        "one of THEMES",
        "",
        "The theme of people who haven't chosen one, and of pages before signing in. By default "
        "the first of THEMES.",
    ),
    Setting(
        "REGISTRATION",
        choice("open", "invite", "closed"),
        "open, invite or closed",
        "open",
        "Who can create an account. `open`: everyone who can reach the server. `invite`: people "
        "with an invitation link from an administrator. `closed`: nobody; create accounts on the "
        "command line.",
    ),
    Setting(
        "RATE_LIMITS",
        on_off,
        "on or off",
        "on",
        "`off` disables all rate limits and connection limits. For benchmarks and load tests only.",
    ),
    Setting(
        "CONCURRENCY",
        choice("eventlet", "gevent", "threads"),
        "eventlet, gevent or threads",
        "eventlet",
        "The library that runs many connections in one process. gevent needs "
        "requirements-gevent.txt installed; threads are enough for a few hundred connections.",
    ),
    Setting(
        "LOG_FORMAT",
        choice("text", "json"),
        "text or json",
        "text",
        "One log line per event: text for people, json for log collectors.",
    ),
    Setting(
        "LOG_LEVEL",
        choice("debug", "info", "warning", "error"),
        "debug, info, warning or error",
        "info",
        "The least severe level that is logged. debug adds a line for each request.",
    ),
    Setting(
        "INSTANCE_DIR",
        folder,
        "a folder that this process may write to; a relative one starts at chatapp's own folder",
        "instance",
        "The folder for secrets and the SQLite database, for pictures if MEDIA_URL is not set, and "
        "for mail if SMTP_URL is not set. Back it up, and keep it private.",
    ),
    Setting(
        "MEDIA_URL",
        media_url,
        "file: and a folder that this process may write to, such as file:///var/lib/chatapp/media",
        "",
        "Where pictures are kept. By default the folder media in INSTANCE_DIR. Back it up together "
        "with the database.",
    ),
    Setting(
        "PICTURE_FETCH",
        on_off,
        "on or off",
        "on",
        "`on`: a picture given as an https address is downloaded once and served from here. `off`: "
        "only uploaded pictures are shown, and initials for everyone else.",
    ),
    Setting(
        "PICTURE_FETCH_ALLOW",
        networks,
        "networks or addresses such as 10.20.0.0/16, separated by commas",
        "",
        "Private networks that pictures may be downloaded from, on any port. Everyone with an "
        "account can then make this server send requests there.",
    ),
)

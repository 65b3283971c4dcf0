"""The smallest browser with WebKitGTK that WebDriver can drive and that keeps its profile: MiniBrowser's forgets it."""
import sys

import gi

gi.require_version('Gtk', '3.0')
gi.require_version('WebKit2', '4.1')
from gi.repository import Gtk, WebKit2  # noqa: E402

profile = sys.argv[1]
data = (
    WebKit2.WebsiteDataManager(base_data_directory=f'{profile}/data', base_cache_directory=f'{profile}/cache')
    if profile
    else WebKit2.WebsiteDataManager(is_ephemeral=True)
)
context = WebKit2.WebContext(website_data_manager=data)
context.set_automation_allowed(True)


def show(view):
    window = Gtk.Window(default_width=1000, default_height=700)
    window.add(view)
    view.connect('close', lambda _: window.destroy())
    view.connect('create', open_window)
    window.show_all()
    return view


def create_view(_session):
    return show(WebKit2.WebView(web_context=context, is_controlled_by_automation=True))


def open_window(opener, _action):
    view = WebKit2.WebView(related_view=opener, is_controlled_by_automation=True)
    return show(view)


context.connect('automation-started', lambda _, session: session.connect('create-web-view', create_view))
Gtk.main()

"""Several processes behind one socket: `hub serve --workers`. The parent starts and replaces them, and adds up what they count."""

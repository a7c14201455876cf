"""Every link from skin to a tablet that can sound in; protected, partly or not protected, since when and why, out."""

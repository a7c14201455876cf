/* A staff page in; open alerts kept true while it stands open, out. */

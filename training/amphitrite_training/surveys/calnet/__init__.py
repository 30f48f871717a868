"""CALNet: eclipsing binaries in the light curves of TESS."""

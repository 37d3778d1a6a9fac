"""systemd's units: their properties by D-Bus, their files, our timer."""

"""Simulated strain of TianQin: orbits, waveforms, the response and noise."""

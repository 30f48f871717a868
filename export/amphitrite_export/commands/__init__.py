"""The commands of export."""

"""Logs on other machines and in object stores: byte ranges of them, kept here in sparse copies."""

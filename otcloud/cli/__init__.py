"""The command line: parse, call, render, return. One file for each noun; nothing decides anything here."""

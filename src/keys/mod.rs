//! Hotkeys, signatures and the file forms a hotkey comes in.

"""What the guide says, written out again: its models, and its answers."""

from __future__ import annotations

FLASH, PRO, INSTRUCT, NANO = "mars-flash", "mars-pro", "mars-instruct", "mars-nano"
GUIDE = {
    "real_time": (FLASH,),
    "voice_transfer": (PRO,),
    "style_control": (INSTRUCT,),
    "on_device": (NANO,),
    "none": (PRO,),
    "batch": (PRO, INSTRUCT),
}
"""The guide's answer by the need that decides, or where none is stated."""

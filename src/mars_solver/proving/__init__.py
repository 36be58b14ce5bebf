"""What holds for all profiles: the theorem, the pinned answers, the proof."""

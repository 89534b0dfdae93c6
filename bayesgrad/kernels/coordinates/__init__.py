"""Effects in coordinates that suit prior and data, and the way back for their gradients."""

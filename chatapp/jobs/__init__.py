"""Work done after the answer: the one way to do something later."""

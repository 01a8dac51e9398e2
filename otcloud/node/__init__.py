"""The program that runs where the GPU is: serve the model, run Harbor, publish each trial, end truthfully."""

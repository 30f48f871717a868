"""From trained networks to ONNX files that agree with them."""

import SignaturePad from "signature_pad"; window.S=SignaturePad

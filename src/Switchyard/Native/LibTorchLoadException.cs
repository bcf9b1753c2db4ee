namespace Switchyard.Native;

/// <summary>libtorch is there, but this system cannot load it; the message says the loader's own reason and what to do.</summary>
public sealed class LibTorchLoadException(string message, Exception? innerException = null) : Exception(message, innerException);

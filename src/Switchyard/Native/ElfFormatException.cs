namespace Switchyard.Native;

/// <summary>A file is not the 64-bit little-endian ELF library that was expected, or its tables contradict each other.</summary>
internal sealed class ElfFormatException(string message) : FormatException(message);

namespace Switchyard.Training.Results;

/// <summary>The machine and software of a run.</summary>
/// <param name="OperatingSystem">Its name and version.</param>
/// <param name="Processor">The processor's name.</param>
/// <param name="VectorWidth">The widest vector instructions in use, such as <c>AVX-512</c>.</param>
/// <param name="Threads">Threads used.</param>
/// <param name="Device">The torch device.</param>
/// <param name="Runtime">.NET version.</param>
/// <param name="Version">Switchyard's version.</param>
public sealed record MachineInfo(string OperatingSystem, string Processor, string VectorWidth, int Threads, string Device, string Runtime, string Version)
{
    /// <summary>TorchSharp and its version; null where a result does not tell.</summary>
    public string? Engine { get; init; }
}

namespace Switchyard.Experts.Caching;

/// <summary>The experts of a layer where they are kept outside memory, to be read one by one. Several threads may read at once.</summary>
public interface IExpertSource
{
    /// <summary>Experts E.</summary>
    int Experts { get; }

    /// <summary>Bytes of memory that an expert takes, all its matrices and scales together.</summary>
    /// <param name="expert">Which, 0 to E − 1.</param>
    long BytesOf(int expert);

    /// <summary>Reads an expert.</summary>
    /// <param name="expert">Which, 0 to E − 1.</param>
    /// <param name="memory">Address of <see cref="BytesOf"/> bytes, a multiple of 64; the matrices point into them.</param>
    /// <exception cref="IOException">It cannot be read.</exception>
    LoadedExpert Read(int expert, nint memory);
}

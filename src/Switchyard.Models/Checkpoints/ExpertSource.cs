using Switchyard.Experts.Caching;
using Switchyard.Kernels.Storage;

namespace Switchyard.Models.Checkpoints;

/// <summary>Reads the experts of a layer one by one from the files of a checkpoint, into memory that others own.</summary>
internal sealed class ExpertSource(ExpertReader reader) : IExpertSource
{
    private const int Alignment = 64;

    private readonly ExpertPiece[][] _pieces = [.. Enumerable.Range(0, reader.Experts).Select(e => reader.Pieces(e).ToArray())];

    public int Experts => reader.Experts;

    public long BytesOf(int expert) => _pieces[expert].Sum(p => Aligned(p.Bytes));

    public LoadedExpert Read(int expert, nint memory)
    {
        Dictionary<string, nint> places = new(StringComparer.Ordinal);
        foreach (ExpertPiece piece in _pieces[expert])
        {
            piece.File.Read(piece.Tensor, piece.Skip, memory, piece.Bytes);
            places.Add(piece.Tensor, memory);
            memory += (nint)Aligned(piece.Bytes);
        }

        (StoredMatrix gateUp, StoredMatrix down) = reader.Open(expert, name => places[name]);
        return new LoadedExpert(gateUp, down, _pieces[expert].Sum(p => p.Bytes));
    }

    private static long Aligned(long bytes) => (bytes + Alignment - 1) / Alignment * Alignment;
}

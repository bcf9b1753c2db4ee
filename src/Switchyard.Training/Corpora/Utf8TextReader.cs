using System.Buffers;
using System.Text.Unicode;

namespace Switchyard.Training.Corpora;

/// <summary>Reads a file as strict UTF-8 in pieces of the caller's size and says at which byte it stops being UTF-8.</summary>
internal sealed class Utf8TextReader : IDisposable
{
    private readonly byte[] _bytes = new byte[1 << 16];
    private readonly FileStream _file;
    private readonly string _path;
    private int _begin;
    private int _end;
    private long _consumed;
    private bool _ended;

    public Utf8TextReader(string path)
    {
        _path = path;
        _file = CorpusFiles.Open(path);
        Refill();
        if (_bytes.AsSpan(0, _end).StartsWith("\uFEFF"u8))
        {
            _begin = 3;
            _consumed = 3;
        }
    }

    /// <summary>Fills <paramref name="destination"/>, except for at most one last char that a surrogate pair would not fit into; fewer only at the end of the file.</summary>
    public int Read(Span<char> destination)
    {
        int total = 0;
        while (true)
        {
            OperationStatus status = Utf8.ToUtf16(_bytes.AsSpan(_begin, _end - _begin), destination[total..], out int read, out int written, replaceInvalidSequences: false, isFinalBlock: _ended);
            _begin += read;
            _consumed += read;
            total += written;
            switch (status)
            {
                case OperationStatus.DestinationTooSmall:
                    return total;
                case OperationStatus.InvalidData:
                    throw new CorpusException($"'{_path}' is not valid UTF-8 at byte {_consumed}: text must be UTF-8. Convert it, or leave the file out.");
                default:
                    if (_ended)
                    {
                        return total;
                    }

                    Refill();
                    break;
            }
        }
    }

    public void Dispose() => _file.Dispose();

    private void Refill()
    {
        int kept = _end - _begin;
        _bytes.AsSpan(_begin, kept).CopyTo(_bytes);
        _begin = 0;
        _end = kept;
        try
        {
            int got = _file.ReadAtLeast(_bytes.AsSpan(kept), _bytes.Length - kept, throwOnEndOfStream: false);
            _end += got;
            _ended = _end < _bytes.Length;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CorpusException($"Cannot read '{_path}': {e.Message}", e);
        }
    }
}

namespace Switchyard.Training.Corpora;

/// <summary>Reads the lines of a file as bytes; what it holds is bounded by the longest line allowed.</summary>
internal sealed class JsonLinesReader(string path, int longestLine) : IDisposable
{
    private readonly FileStream _file = CorpusFiles.Open(path);
    private byte[] _bytes = new byte[1 << 16];
    private int _begin;
    private int _end;
    private bool _ended;

    /// <summary>Number of the line read last, from 1.</summary>
    public long Line { get; private set; }

    /// <summary>Reads the next line, without its end, valid until the next call; false at the end of the file.</summary>
    public bool TryRead(out ReadOnlyMemory<byte> line)
    {
        int searched = 0;
        while (true)
        {
            int newline = _bytes.AsSpan(_begin + searched, _end - _begin - searched).IndexOf((byte)'\n');
            if (newline >= 0 || (_ended && _begin < _end))
            {
                int length = newline >= 0 ? searched + newline : _end - _begin;
                line = _bytes.AsMemory(_begin, length);
                _begin = Math.Min(_end, _begin + length + 1);
                Line++;
                if (Line == 1 && line.Span.StartsWith("\uFEFF"u8))
                {
                    line = line[3..];
                }

                return true;
            }

            if (_ended)
            {
                line = default;
                return false;
            }

            searched = _end - _begin;
            Refill();
        }
    }

    public void Dispose() => _file.Dispose();

    private void Refill()
    {
        int kept = _end - _begin;
        if (kept > longestLine)
        {
            throw new CorpusException($"'{path}', line {Line + 1}: the line is longer than {longestLine:N0} bytes. A line holds one document; split it.");
        }

        if (kept == _bytes.Length)
        {
            Array.Resize(ref _bytes, (int)Math.Min(2L * _bytes.Length, longestLine + 1L));
        }

        _bytes.AsSpan(_begin, kept).CopyTo(_bytes);
        _begin = 0;
        try
        {
            int got = _file.Read(_bytes.AsSpan(kept));
            _end = kept + got;
            _ended = got == 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CorpusException($"Cannot read '{path}': {e.Message}", e);
        }
    }
}

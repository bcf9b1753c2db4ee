namespace Switchyard.Training.Profiles;

/// <summary>Rows of a trace, by column.</summary>
internal sealed class TraceColumns
{
    private const int Rows = (1 << 20) + (1 << 10);

    private readonly int[] _documents = new int[Rows];
    private readonly long[] _positions = new long[Rows];
    private readonly int[] _tokens = new int[Rows];
    private readonly short[] _layers = new short[Rows];
    private readonly short[] _slots = new short[Rows];
    private readonly short[] _experts = new short[Rows];
    private readonly float[] _weights = new float[Rows];

    public int Count { get; private set; }

    public ReadOnlyMemory<int> Documents => _documents.AsMemory(0, Count);

    public ReadOnlyMemory<long> Positions => _positions.AsMemory(0, Count);

    public ReadOnlyMemory<int> Tokens => _tokens.AsMemory(0, Count);

    public ReadOnlyMemory<short> Layers => _layers.AsMemory(0, Count);

    public ReadOnlyMemory<short> Slots => _slots.AsMemory(0, Count);

    public ReadOnlyMemory<short> Experts => _experts.AsMemory(0, Count);

    public ReadOnlyMemory<float> Weights => _weights.AsMemory(0, Count);

    public void Add(int document, long position, int token, short layer, short slot, short expert, float weight)
    {
        _documents[Count] = document;
        _positions[Count] = position;
        _tokens[Count] = token;
        _layers[Count] = layer;
        _slots[Count] = slot;
        _experts[Count] = expert;
        _weights[Count] = weight;
        Count++;
    }

    public void Clear() => Count = 0;
}

using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Switchyard.Peers.Layers;

/// <summary>A protobuf message under construction, field by field: all that an ONNX file of two nodes needs.</summary>
internal sealed class OnnxMessage
{
    private const uint Variable = 0, Counted = 2, Four = 5; // wire types

    private readonly ArrayBufferWriter<byte> _bytes = new();

    /// <summary>Adds an integer.</summary>
    public OnnxMessage Add(int field, long value)
    {
        Tag(field, Variable);
        Number((ulong)value);
        return this;
    }

    /// <summary>Adds a number.</summary>
    public OnnxMessage Add(int field, float value)
    {
        Tag(field, Four);
        Span<byte> bytes = stackalloc byte[sizeof(float)];
        BinaryPrimitives.WriteSingleLittleEndian(bytes, value);
        _bytes.Write(bytes);
        return this;
    }

    /// <summary>Adds a text.</summary>
    public OnnxMessage Add(int field, string value) => Add(field, Encoding.UTF8.GetBytes(value));

    /// <summary>Adds a message.</summary>
    public OnnxMessage Add(int field, OnnxMessage value) => Add(field, value.ToArray());

    /// <summary>The message.</summary>
    public byte[] ToArray() => _bytes.WrittenSpan.ToArray();

    private OnnxMessage Add(int field, byte[] value)
    {
        Tag(field, Counted);
        Number((ulong)value.Length);
        _bytes.Write(value);
        return this;
    }

    private void Tag(int field, uint type) => Number(((uint)field << 3) | type);

    private void Number(ulong value)
    {
        for (; value > 0x7F; value >>= 7)
        {
            _bytes.Write([(byte)(value | 0x80)]);
        }

        _bytes.Write([(byte)value]);
    }
}

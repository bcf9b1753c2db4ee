namespace Switchyard.Kernels.Storage;

/// <summary>Scales of a quantized matrix where they lie, in fp32, fp16 or bf16; each is widened as it is used.</summary>
public readonly unsafe record struct Scales
{
    private readonly nint _values;
    private readonly Form _form;

    private Scales(void* values, Form form) => (_values, _form) = ((nint)values, form);

    private enum Form
    {
        Float32,
        Float16,
        BFloat16,
    }

    /// <summary>Scales in fp32.</summary>
    public static implicit operator Scales(float* values) => new(values, Form.Float32);

    /// <summary>Scales in fp16.</summary>
    public static implicit operator Scales(Half* values) => new(values, Form.Float16);

    /// <summary>Scales in bf16, the upper halves of fp32.</summary>
    public static Scales BFloat16(ushort* values) => new(values, Form.BFloat16);

    /// <summary>Bytes of a scale.</summary>
    internal int Size => _form == Form.Float32 ? sizeof(float) : sizeof(ushort);

    internal float this[nint i] => _form switch
    {
        Form.Float32 => ((float*)_values)[i],
        Form.Float16 => (float)((Half*)_values)[i],
        _ => BitConverter.UInt32BitsToSingle((uint)((ushort*)_values)[i] << 16),
    };
}

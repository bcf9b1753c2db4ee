using static TorchSharp.torch;

namespace Switchyard.Models.Files;

/// <summary>What is known of each <see cref="SafetensorsType"/>.</summary>
public static class SafetensorsTypes
{
    extension(SafetensorsType type)
    {
        /// <summary>Bytes of an element.</summary>
        public int ElementSize => type switch
        {
            SafetensorsType.F64 or SafetensorsType.I64 => 8,
            SafetensorsType.F32 or SafetensorsType.I32 => 4,
            SafetensorsType.F16 or SafetensorsType.BF16 or SafetensorsType.I16 => 2,
            _ => 1,
        };

        /// <summary>The torch type of the same bits; 8-bit floats, which TorchSharp has no type for, are read as their codes in <see cref="ScalarType.Byte"/>.</summary>
        public ScalarType ScalarType => type switch
        {
            SafetensorsType.F64 => ScalarType.Float64,
            SafetensorsType.F32 => ScalarType.Float32,
            SafetensorsType.F16 => ScalarType.Float16,
            SafetensorsType.BF16 => ScalarType.BFloat16,
            SafetensorsType.I64 => ScalarType.Int64,
            SafetensorsType.I32 => ScalarType.Int32,
            SafetensorsType.I16 => ScalarType.Int16,
            SafetensorsType.I8 => ScalarType.Int8,
            SafetensorsType.BOOL => ScalarType.Bool,
            _ => ScalarType.Byte,
        };
    }

    /// <summary>The type that stores a torch type.</summary>
    /// <exception cref="NotSupportedException">There is none, as for complex numbers.</exception>
    public static SafetensorsType Of(ScalarType type) => type switch
    {
        ScalarType.Float64 => SafetensorsType.F64,
        ScalarType.Float32 => SafetensorsType.F32,
        ScalarType.Float16 => SafetensorsType.F16,
        ScalarType.BFloat16 => SafetensorsType.BF16,
        ScalarType.Int64 => SafetensorsType.I64,
        ScalarType.Int32 => SafetensorsType.I32,
        ScalarType.Int16 => SafetensorsType.I16,
        ScalarType.Int8 => SafetensorsType.I8,
        ScalarType.Byte => SafetensorsType.U8,
        ScalarType.Bool => SafetensorsType.BOOL,
        _ => throw new NotSupportedException($"safetensors files cannot hold elements of type {type}"),
    };

    /// <summary>The type of exactly this name, or null. Numbers and lists, which <see cref="Enum.Parse{TEnum}(string)"/> takes, are no names.</summary>
    internal static SafetensorsType? Parse(string name)
    {
        foreach (SafetensorsType type in Enum.GetValues<SafetensorsType>())
        {
            if (type.ToString() == name)
            {
                return type;
            }
        }

        return null;
    }
}

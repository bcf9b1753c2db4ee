using System.Buffers.Binary;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Loader;

namespace Switchyard.Native;

/// <summary>Stopgap.</summary>
public static class LibTorch
{
    private static int done;

    /// <summary>Stopgap.</summary>
    [ModuleInitializer]
    public static void EnsureLoadable()
    {
        if (Interlocked.Exchange(ref done, 1) == 0 && OperatingSystem.IsLinux())
        {
            AssemblyLoadContext.Default.ResolvingUnmanagedDll += Resolve;
        }
    }

    private static nint Resolve(Assembly assembly, string name)
    {
        if (!name.Contains("LibTorchSharp", StringComparison.Ordinal))
        {
            return 0;
        }

        string folder = Path.Combine(AppContext.BaseDirectory, "runtimes", "linux-x64", "native");
        NativeLibrary.Load(Path.Combine(folder, "libtorch.so"));
        byte[] elf = File.ReadAllBytes(Path.Combine(folder, "libLibTorchSharp.so"));
        Patch(elf);
        string path = Path.Combine(Path.GetTempPath(), $"libLibTorchSharp-{Environment.ProcessId}.so");
        File.WriteAllBytes(path, elf);
        nint handle = NativeLibrary.Load(path);
        File.Delete(path);
        return handle;
    }

    private static void Patch(Span<byte> e)
    {
        int sections = (int)BinaryPrimitives.ReadInt64LittleEndian(e[40..]);
        int count = BinaryPrimitives.ReadUInt16LittleEndian(e[60..]);
        for (int i = 0; i < count; i++)
        {
            Span<byte> header = e[(sections + (64 * i))..];
            if (BinaryPrimitives.ReadUInt32LittleEndian(header[4..]) != 0x6ffffffe)
            {
                continue;
            }

            int at = (int)BinaryPrimitives.ReadInt64LittleEndian(header[24..]);
            int strings = (int)BinaryPrimitives.ReadInt64LittleEndian(e[(sections + (64 * BinaryPrimitives.ReadInt32LittleEndian(header[40..])) + 24)..]);
            while (true)
            {
                int aux = at + BinaryPrimitives.ReadInt32LittleEndian(e[(at + 8)..]);
                for (int n = BinaryPrimitives.ReadUInt16LittleEndian(e[(at + 2)..]); n > 0; n--)
                {
                    int text = strings + BinaryPrimitives.ReadInt32LittleEndian(e[(aux + 8)..]);
                    if (e[text..].StartsWith("GLIBCXX_3.4.32\0"u8))
                    {
                        e[aux + 4] |= 2;
                    }

                    aux += BinaryPrimitives.ReadInt32LittleEndian(e[(aux + 12)..]);
                }

                int next = BinaryPrimitives.ReadInt32LittleEndian(e[(at + 12)..]);
                if (next == 0)
                {
                    return;
                }

                at += next;
            }
        }
    }
}

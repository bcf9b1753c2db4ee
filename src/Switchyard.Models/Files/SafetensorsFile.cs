using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;
using Switchyard.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace Switchyard.Models.Files;

/// <summary>
/// A safetensors file, mapped into memory: opening it reads and checks the header alone, and tensors cost memory only as they are touched.
/// A file that breaks a rule of the format is refused as a whole when it is opened.
/// </summary>
/// <remarks>Files must not be cut while they are open: the operating system ends a process that touches a mapped page that is gone. Files written by <see cref="SafetensorsWriter"/> are replaced, never changed, so a reader keeps the old one.</remarks>
public sealed unsafe class SafetensorsFile : IDisposable
{
    private const int ReadLength = 1 << 30;
    private readonly FileStream _file;
    private readonly MemoryMappedFile _map;
    private readonly MemoryMappedViewAccessor _view;
    private readonly Dictionary<string, SafetensorsEntry> _entries;
    private readonly Dictionary<string, string> _metadata;
    private byte* _start;

    private SafetensorsFile(string path, FileStream file)
    {
        Path = path;
        _file = file;
        Length = file.Length;
        Span<byte> first = stackalloc byte[8];
        int header = SafetensorsHeader.ReadLength(path, first[..file.ReadAtLeast(first, 8, throwOnEndOfStream: false)], Length);
        _map = MemoryMappedFile.CreateFromFile(file, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
        try
        {
            _view = _map.CreateViewAccessor(0, Length, MemoryMappedFileAccess.Read);
            _view.SafeMemoryMappedViewHandle.AcquirePointer(ref _start);
            _start += _view.PointerOffset;
            (_entries, _metadata) = SafetensorsHeader.Read(path, new ReadOnlySpan<byte>(_start + 8, header), Length - 8 - header);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The path it was opened by.</summary>
    public string Path { get; }

    /// <summary>Bytes of the whole file.</summary>
    public long Length { get; }

    /// <summary>Its tensors by name.</summary>
    public IReadOnlyDictionary<string, SafetensorsEntry> Entries => _entries;

    /// <summary>Its <c>__metadata__</c>; empty if it has none.</summary>
    public IReadOnlyDictionary<string, string> Metadata => _metadata;

    /// <summary>Opens a file.</summary>
    /// <exception cref="CheckpointFormatException">It breaks a rule of the format.</exception>
    /// <exception cref="IOException">It is missing or cannot be read.</exception>
    public static SafetensorsFile Open(string path)
    {
        try
        {
            var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, bufferSize: 0);
            try
            {
                return new SafetensorsFile(path, file);
            }
            catch
            {
                file.Dispose();
                throw;
            }
        }
        catch (UnauthorizedAccessException e)
        {
            throw new IOException($"Cannot read '{path}': {e.Message}", e);
        }
    }

    /// <summary>The entry of a tensor.</summary>
    /// <exception cref="CheckpointFormatException">The file has no tensor of that name.</exception>
    public SafetensorsEntry Entry(string name) =>
        _entries.TryGetValue(name, out SafetensorsEntry? entry) ? entry
        : throw new CheckpointFormatException(Path, name, _entries.Count == 0 ? "there is no tensor in the file." : $"there is no such tensor; the nearest name is '{NearestName.Of(name, _entries.Keys.Take(4096))}'.");

    /// <summary>The bytes of a tensor where they are mapped, row by row, little-endian; valid until the file is disposed.</summary>
    /// <exception cref="CheckpointFormatException">There is no such tensor.</exception>
    /// <exception cref="NotSupportedException">It has 2 GiB or more: take <see cref="Address(string)"/>.</exception>
    public ReadOnlySpan<byte> Bytes(string name)
    {
        SafetensorsEntry entry = Entry(name);
        return entry.ByteLength <= int.MaxValue
            ? new ReadOnlySpan<byte>((byte*)Address(entry), (int)entry.ByteLength)
            : throw new NotSupportedException($"tensor '{name}' has {entry.ByteLength} bytes, more than a span can hold");
    }

    /// <summary>The elements of a tensor where they are mapped; they need not be aligned to their size. Valid until the file is disposed.</summary>
    /// <typeparam name="T">A type of the size of an element.</typeparam>
    /// <exception cref="CheckpointFormatException">There is no such tensor.</exception>
    /// <exception cref="ArgumentException">The type has another size.</exception>
    public ReadOnlySpan<T> Span<T>(string name)
        where T : unmanaged
    {
        SafetensorsEntry entry = Entry(name);
        return sizeof(T) == entry.Type.ElementSize
            ? MemoryMarshal.Cast<byte, T>(Bytes(name))
            : throw new ArgumentException($"tensor '{name}' has elements of type {entry.Type}, not of {sizeof(T)} bytes", nameof(name));
    }

    /// <summary>Where the bytes of a tensor are mapped; valid until the file is disposed.</summary>
    /// <exception cref="CheckpointFormatException">There is no such tensor.</exception>
    public nint Address(string name) => Address(Entry(name));

    /// <summary>Reads bytes of a tensor from the file, at their position there: no page of the mapping is touched. Several threads may read at once.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="skip">Bytes of the tensor before them.</param>
    /// <param name="target">Address of memory for them.</param>
    /// <param name="bytes">How many.</param>
    /// <exception cref="CheckpointFormatException">There is no such tensor, or the file was cut since it was opened.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The tensor has fewer bytes.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    internal void Read(string name, long skip, nint target, long bytes)
    {
        SafetensorsEntry entry = Entry(name);
        ArgumentOutOfRangeException.ThrowIfNegative(skip);
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, entry.ByteLength - skip);
        ObjectDisposedException.ThrowIf(_start is null, this);
        for (long done = 0; done < bytes;)
        {
            int read = RandomAccess.Read(_file.SafeFileHandle, new Span<byte>((byte*)target + done, (int)Math.Min(bytes - done, ReadLength)), entry.Offset + skip + done);
            done += read > 0 ? read : throw new CheckpointFormatException(Path, name, "the file ends within it: it was cut since it was opened.");
        }
    }

    /// <summary>A copy of a tensor, of its stored type and shape, on the CPU; 8-bit floats are their codes as bytes. The caller owns it.</summary>
    /// <exception cref="CheckpointFormatException">There is no such tensor.</exception>
    public Tensor Load(string name)
    {
        SafetensorsEntry entry = Entry(name);
        LibTorch.EnsureLoadable();
        Tensor result = empty([.. entry.Shape], dtype: entry.Type.ScalarType);
        Copy(entry, result);
        return result;
    }

    /// <summary>Copies a tensor into one that is there, on any device.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="destination">A tensor of the same shape; elements are converted to its type.</param>
    /// <exception cref="CheckpointFormatException">There is no such tensor, or its shape is another.</exception>
    public void CopyTo(string name, Tensor destination)
    {
        SafetensorsEntry entry = Entry(name);
        if (!destination.shape.AsSpan().SequenceEqual([.. entry.Shape]))
        {
            throw new CheckpointFormatException(Path, name, $"its shape is [{string.Join(", ", entry.Shape)}]; the model expects [{string.Join(", ", destination.shape)}].");
        }

        using var quiet = no_grad();
        if (destination.device_type == DeviceType.CPU && destination.dtype == entry.Type.ScalarType && destination.is_contiguous())
        {
            Copy(entry, destination);
            return;
        }

        using Tensor loaded = Load(name);
        destination.copy_(loaded);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_start is not null)
        {
            _start = null;
            _view.SafeMemoryMappedViewHandle.ReleasePointer();
        }

        _view?.Dispose();
        _map?.Dispose();
        _file.Dispose();
    }

    private nint Address(SafetensorsEntry entry)
    {
        ObjectDisposedException.ThrowIf(_start is null, this);
        return (nint)(_start + entry.Offset);
    }

    private void Copy(SafetensorsEntry entry, Tensor destination)
    {
        var source = (byte*)Address(entry);
        TensorBytes.ForEachChunk(destination, chunk =>
        {
            new ReadOnlySpan<byte>(source, chunk.Length).CopyTo(chunk);
            source += chunk.Length;
        });
    }
}

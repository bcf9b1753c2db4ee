using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace Switchyard.Peers.Layers;

/// <summary>What the layer needs of ggml, llama.cpp's library of operators, in the build that LLamaSharp brings. Sizes of tensors are listed the one that varies fastest first.</summary>
internal static unsafe partial class Ggml
{
    private const string Base = "ggml-base", Cpu = "ggml-cpu";

    static Ggml()
    {
        NativeLibrary.SetDllImportResolver(Assembly.GetExecutingAssembly(), (name, _, _) => name is Base or Cpu ? NativeLibrary.Load(PathOf(name)) : 0);
        SetLog(&Ignore, 0);
    }

    /// <summary>Instructions that the loaded build was made for, as ggml names them.</summary>
    public static string Build => $"ggml {Variant}: VNNI {HasVnni()}, BF16 {HasBFloat16()}, llamafile {HasLlamafile()}";

    private static string Variant => Avx512F.IsSupported ? "avx512" : Avx2.IsSupported ? "avx2" : Avx.IsSupported ? "avx" : "noavx";

    /// <summary>How memory for a context's descriptions is asked for; the tensors' own memory comes from a buffer.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct ContextParameters(nuint bytes)
    {
        public nuint Bytes = bytes;
        public nint Memory;
        public byte WithoutData = 1;
    }

    /// <summary>A context for some tensors and a graph of them.</summary>
    public static nint Context(int tensors) => NewContext(new ContextParameters((TensorOverhead() * (nuint)tensors) + GraphOverhead()));

    /// <summary>The kind of buffer whose tensors are laid out anew for the products, as llama.cpp does when it loads a model; 0 where there is none.</summary>
    public static nint RepackingBuffers()
    {
        nint registry = Registry();
        var list = (delegate* unmanaged<nint, nint*>)Procedure(registry, "ggml_backend_dev_get_extra_bufts");
        for (nint* type = list is null ? null : list(Device(registry, 0)); type is not null && *type != 0; type++)
        {
            if (Marshal.PtrToStringUTF8(BufferName(*type)) is "CPU_REPACK")
            {
                return *type;
            }
        }

        return 0;
    }

    private static string PathOf(string name)
    {
        string native = Path.Combine(AppContext.BaseDirectory, "runtimes", RuntimeInformation.RuntimeIdentifier, "native");
        string file = OperatingSystem.IsWindows() ? name + ".dll" : OperatingSystem.IsMacOS() ? $"lib{name}.dylib" : $"lib{name}.so";
        string chosen = Path.Combine(native, Variant, file);
        return File.Exists(chosen) ? chosen : Path.Combine(native, file);
    }

    [UnmanagedCallersOnly]
    private static void Ignore(int level, byte* text, nint data)
    {
    }

    [LibraryImport(Base, EntryPoint = "ggml_log_set")] private static partial void SetLog(delegate* unmanaged<int, byte*, nint, void> log, nint data);

    [LibraryImport(Base, EntryPoint = "ggml_init")] private static partial nint NewContext(ContextParameters parameters);

    [LibraryImport(Base, EntryPoint = "ggml_tensor_overhead")] private static partial nuint TensorOverhead();

    [LibraryImport(Base, EntryPoint = "ggml_graph_overhead")] private static partial nuint GraphOverhead();

    [LibraryImport(Base, EntryPoint = "ggml_backend_reg_dev_get")] private static partial nint Device(nint registry, nuint index);

    [LibraryImport(Base, EntryPoint = "ggml_backend_reg_get_proc_address", StringMarshalling = StringMarshalling.Utf8)] private static partial nint Procedure(nint registry, string name);

    [LibraryImport(Base, EntryPoint = "ggml_backend_buft_name")] private static partial nint BufferName(nint type);

    [LibraryImport(Cpu, EntryPoint = "ggml_backend_cpu_reg")] private static partial nint Registry();

    [LibraryImport(Cpu, EntryPoint = "ggml_cpu_has_avx512_vnni")] private static partial int HasVnni();

    [LibraryImport(Cpu, EntryPoint = "ggml_cpu_has_avx512_bf16")] private static partial int HasBFloat16();

    [LibraryImport(Cpu, EntryPoint = "ggml_cpu_has_llamafile")] private static partial int HasLlamafile();

    [LibraryImport(Base, EntryPoint = "ggml_free")] public static partial void Free(nint context);

    [LibraryImport(Base, EntryPoint = "ggml_row_size")] public static partial nuint RowBytes(int type, long length);

    [LibraryImport(Base, EntryPoint = "ggml_new_tensor_2d")] public static partial nint NewTensor(nint context, int type, long n0, long n1);

    [LibraryImport(Base, EntryPoint = "ggml_new_tensor_3d")] public static partial nint NewTensor(nint context, int type, long n0, long n1, long n2);

    [LibraryImport(Base, EntryPoint = "ggml_reshape_2d")] public static partial nint Reshape(nint context, nint a, long n0, long n1);

    [LibraryImport(Base, EntryPoint = "ggml_reshape_3d")] public static partial nint Reshape(nint context, nint a, long n0, long n1, long n2);

    [LibraryImport(Base, EntryPoint = "ggml_view_2d")] public static partial nint View(nint context, nint a, long n0, long n1, nuint rowBytes, nuint offset);

    [LibraryImport(Base, EntryPoint = "ggml_mul_mat")] public static partial nint Product(nint context, nint matrix, nint x);

    [LibraryImport(Base, EntryPoint = "ggml_mul_mat_id")] public static partial nint ProductOf(nint context, nint matrices, nint x, nint ids);

    [LibraryImport(Base, EntryPoint = "ggml_soft_max")] public static partial nint Softmax(nint context, nint a);

    [LibraryImport(Base, EntryPoint = "ggml_argsort_top_k")] public static partial nint TopK(nint context, nint a, int k);

    [LibraryImport(Base, EntryPoint = "ggml_get_rows")] public static partial nint Rows(nint context, nint a, nint ids);

    [LibraryImport(Base, EntryPoint = "ggml_sum_rows")] public static partial nint Sums(nint context, nint a);

    [LibraryImport(Base, EntryPoint = "ggml_div")] public static partial nint Divide(nint context, nint a, nint b);

    [LibraryImport(Base, EntryPoint = "ggml_mul")] public static partial nint Multiply(nint context, nint a, nint b);

    [LibraryImport(Base, EntryPoint = "ggml_add")] public static partial nint Add(nint context, nint a, nint b);

    [LibraryImport(Base, EntryPoint = "ggml_swiglu")] public static partial nint SwiGlu(nint context, nint a);

    [LibraryImport(Base, EntryPoint = "ggml_set_input")] public static partial void MarkInput(nint tensor);

    [LibraryImport(Base, EntryPoint = "ggml_set_output")] public static partial void MarkOutput(nint tensor);

    [LibraryImport(Base, EntryPoint = "ggml_new_graph")] public static partial nint NewGraph(nint context);

    [LibraryImport(Base, EntryPoint = "ggml_build_forward_expand")] public static partial void Expand(nint graph, nint tensor);

    [LibraryImport(Base, EntryPoint = "ggml_gallocr_new")] public static partial nint NewAllocator(nint bufferType);

    [LibraryImport(Base, EntryPoint = "ggml_gallocr_alloc_graph")] public static partial byte Allocate(nint allocator, nint graph);

    [LibraryImport(Base, EntryPoint = "ggml_gallocr_free")] public static partial void FreeAllocator(nint allocator);

    [LibraryImport(Base, EntryPoint = "ggml_backend_cpu_buffer_type")] public static partial nint PlainBuffers();

    [LibraryImport(Base, EntryPoint = "ggml_backend_alloc_ctx_tensors_from_buft")] public static partial nint AllocateAll(nint context, nint bufferType);

    [LibraryImport(Base, EntryPoint = "ggml_backend_buffer_free")] public static partial void FreeBuffer(nint buffer);

    [LibraryImport(Base, EntryPoint = "ggml_backend_tensor_set")] public static partial void Set(nint tensor, void* data, nuint offset, nuint bytes);

    [LibraryImport(Base, EntryPoint = "ggml_backend_tensor_get")] public static partial void Get(nint tensor, void* data, nuint offset, nuint bytes);

    [LibraryImport(Base, EntryPoint = "ggml_backend_graph_compute")] public static partial int Compute(nint backend, nint graph);

    [LibraryImport(Base, EntryPoint = "ggml_backend_free")] public static partial void FreeBackend(nint backend);

    [LibraryImport(Cpu, EntryPoint = "ggml_backend_cpu_init")] public static partial nint NewBackend();

    [LibraryImport(Cpu, EntryPoint = "ggml_backend_cpu_set_n_threads")] public static partial void SetThreads(nint backend, int threads);
}

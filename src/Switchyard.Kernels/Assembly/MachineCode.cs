using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Switchyard.Kernels.Assembly;

/// <summary>What all assembled code shares: vector registers by number, the calling convention, and the way to bytes.</summary>
internal static class MachineCode
{
    /// <summary>The register of the first argument.</summary>
    public static AssemblerRegister64 FirstArgument => OperatingSystem.IsWindows() ? rcx : rdi;

    public static AssemblerRegisterZMM Zmm(int index) => new(Register.ZMM0 + index);

    public static AssemblerRegisterXMM Xmm(int index) => new(Register.XMM0 + index);

    public static AssemblerRegisterYMM Ymm(int index) => new(Register.YMM0 + index);

    extension(Assembler code)
    {
        /// <summary>Keeps registers that belong to the caller. Windows wants xmm6 to xmm15 back as they were, too.</summary>
        public void Enter(params ReadOnlySpan<AssemblerRegister64> saved)
        {
            foreach (AssemblerRegister64 register in saved)
                code.push(register);
            if (!OperatingSystem.IsWindows())
                return;
            code.sub(rsp, 160);
            for (int i = 6; i < 16; i++)
                code.vmovups(__xmmword_ptr[rsp + ((i - 6) * 16)], Xmm(i));
        }

        /// <summary>Gives the same registers back and returns.</summary>
        public void Leave(params ReadOnlySpan<AssemblerRegister64> saved)
        {
            if (OperatingSystem.IsWindows())
            {
                for (int i = 6; i < 16; i++)
                    code.vmovups(Xmm(i), __xmmword_ptr[rsp + ((i - 6) * 16)]);
                code.add(rsp, 160);
            }
            code.vzeroupper();
            for (int i = saved.Length - 1; i >= 0; i--)
                code.pop(saved[i]);
            code.ret();
        }

        /// <summary>Sets a vector register to 0: of 512 bits, or of 256.</summary>
        public void Clear(int index, bool wide)
        {
            if (wide)
                code.vpxord(Zmm(index), Zmm(index), Zmm(index));
            else
                code.vxorps(Ymm(index), Ymm(index), Ymm(index));
        }

        /// <summary>The code, which may stand at any address.</summary>
        public byte[] ToBytes()
        {
            using var stream = new MemoryStream();
            code.Assemble(new StreamCodeWriter(stream), 0);
            return stream.ToArray();
        }
    }
}

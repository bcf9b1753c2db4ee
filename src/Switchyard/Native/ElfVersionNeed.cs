namespace Switchyard.Native;

/// <summary>One record of what a library asks of another, for example <c>GLIBCXX_3.4.32</c> of <c>libstdc++.so.6</c>.</summary>
/// <param name="Library">File name of the library asked.</param>
/// <param name="Version">Name of the version asked for.</param>
/// <param name="Flags"><c>vna_flags</c>; bit 1 is <c>VER_FLG_WEAK</c>.</param>
/// <param name="FlagsOffset">Where in the file the two bytes of the flags stand.</param>
/// <param name="Symbols">How many undefined symbols carry this version.</param>
/// <param name="Used">Whether any relocation refers to one of them.</param>
internal sealed record ElfVersionNeed(string Library, string Version, ushort Flags, long FlagsOffset, int Symbols, bool Used)
{
    public const ushort WeakFlag = 2;

    public bool Weak => (Flags & WeakFlag) != 0;

    /// <summary>
    /// Whether the library asks for this version without need: symbols carry it, but no relocation refers to them, so the loader
    /// will never look for any. A version without symbols is a marker of the platform (such as <c>GLIBC_ABI_DT_RELR</c>)
    /// and is always meant.
    /// </summary>
    public bool Idle => Symbols > 0 && !Used;
}

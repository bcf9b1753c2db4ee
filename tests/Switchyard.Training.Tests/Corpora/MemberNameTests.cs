using Switchyard.Training.Corpora;

namespace Switchyard.Training.Tests.Corpora;

public sealed class MemberNameTests
{
    [Theory]
    [InlineData("T:System.String", "System.String", "type System.String", "String")]
    [InlineData("T:System.Collections.Generic.Dictionary`2", "System.Collections.Generic.Dictionary<T1, T2>", "type System.Collections.Generic.Dictionary<T1, T2>", "Dictionary<T1, T2>")]
    [InlineData("T:System.Collections.Generic.List`1.Enumerator", "System.Collections.Generic.List<T>.Enumerator", "type System.Collections.Generic.List<T>.Enumerator", "Enumerator")]
    [InlineData("M:System.String.#ctor(System.Char[])", "System.String", "constructor String(Char[])", "String")]
    [InlineData("M:System.Array.IndexOf``1(``0[],``0)", "System.Array", "method IndexOf<U>(U[], U)", "Array.IndexOf<U>")]
    [InlineData("M:A.B`1.C``2(`0,``0,``1,System.Int32@)", "A.B<T>", "method C<U1, U2>(T, U1, U2, ref Int32)", "B<T>.C<U1, U2>")]
    [InlineData("M:A.B.C(System.Collections.Generic.Dictionary{System.String,System.Collections.Generic.List{System.Int32}}@,System.Byte*)", "A.B", "method C(ref Dictionary<String, List<Int32>>, Byte*)", "B.C")]
    [InlineData("M:A.B.C(System.Collections.Generic.List{System.Int32}.Enumerator,System.Int32[0:,0:])", "A.B", "method C(List<Int32>.Enumerator, Int32[0:, 0:])", "B.C")]
    [InlineData("M:A.B.op_Implicit(A.B)~System.Int32", "A.B", "method op_Implicit(B)", "B.op_Implicit")]
    [InlineData("M:A.B.System#Collections#IEnumerable#GetEnumerator", "A.B", "method System.Collections.IEnumerable.GetEnumerator()", "B.System.Collections.IEnumerable.GetEnumerator")]
    [InlineData("P:A.B.Item(System.Int32)", "A.B", "property Item(Int32)", "B.Item")]
    [InlineData("F:A.B.Value", "A.B", "field Value", "B.Value")]
    [InlineData("E:A.B.Changed", "A.B", "event Changed", "B.Changed")]
    public void Identifiers_become_readable(string id, string type, string signature, string reference)
    {
        Assert.Equal(type, MemberName.DeclaringType(id));
        Assert.Equal(signature, MemberName.Signature(id));
        Assert.Equal(reference, MemberName.Reference(id));
    }

    [Theory]
    [InlineData("")]
    [InlineData(":")]
    [InlineData("T:")]
    [InlineData("M:")]
    [InlineData("M:(")]
    [InlineData("M:a.b(")]
    [InlineData("M:a.b)(")]
    [InlineData("M:.#ctor(.,@,`,``,}.")]
    [InlineData("M:a`99999999999.b``(`9999999999)")]
    [InlineData("!:Missing")]
    [InlineData("Overload:A.B.C")]
    public void No_identifier_breaks_it(string id)
    {
        Assert.NotNull(MemberName.DeclaringType(id));
        Assert.NotNull(MemberName.Signature(id));
        Assert.NotNull(MemberName.Reference(id));
    }
}

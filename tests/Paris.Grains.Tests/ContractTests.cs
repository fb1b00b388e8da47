using System.Reflection;
using Orleans;
using Paris.Grains.Abstractions;
using Xunit;

namespace Paris.Grains.Tests;

/// <summary>What may cross a grain call (DESIGN section 7), checked on every type and every method of the abstractions.</summary>
public sealed class ContractTests
{
    private static readonly Assembly _abstractions = typeof(IRunGrain).Assembly;
    private static readonly Assembly _core = typeof(Paris.Core.Jobs.JobId).Assembly;

    public static TheoryData<Type> Messages => [.. Written.Where(x => !x.IsInterface && !(x.IsAbstract && x.IsSealed))];

    public static TheoryData<Type> Interfaces => [.. Written.Where(x => x.IsInterface)];

    /// <summary>Without what Orleans' generator adds to the assembly.</summary>
    private static IEnumerable<Type> Written =>
        _abstractions.GetExportedTypes().Where(x => x.GetCustomAttribute<System.CodeDom.Compiler.GeneratedCodeAttribute>() is null);

    [Theory]
    [MemberData(nameof(Messages))]
    public void EveryMessageIsSerializableWithAnAliasAndAnIdOnEveryMember(Type type)
    {
        Assert.NotNull(type.GetCustomAttribute<GenerateSerializerAttribute>());
        Assert.NotNull(type.GetCustomAttribute<AliasAttribute>());
        if (type.IsEnum)
        {
            return;
        }

        var members = type.GetProperties(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly).Where(x => x.Name != "EqualityContract").ToArray();
        var ids = members.Select(x => x.GetCustomAttribute<IdAttribute>()?.Id).ToArray();
        Assert.All(members.Zip(ids), x => Assert.True(x.Second is not null, $"{type.Name}.{x.First.Name} has no Id and would be lost"));
        Assert.Equal(ids.Length, ids.Distinct().Count());
        Assert.All(members, x => Assert.True(MayCross(x.PropertyType), $"{type.Name}.{x.Name} is a {x.PropertyType}"));
    }

    [Theory]
    [MemberData(nameof(Interfaces))]
    public void EveryMethodHasAnAliasAndOnlyTypesThatMayCross(Type type)
    {
        Assert.NotNull(type.GetCustomAttribute<AliasAttribute>());
        var methods = type.GetMethods();
        Assert.Equal(methods.Length, methods.Select(x => x.GetCustomAttribute<AliasAttribute>()?.Alias).Distinct().Count());
        foreach (var method in methods)
        {
            var result = method.ReturnType == typeof(Task) ? typeof(string) : method.ReturnType.GetGenericArguments().Single();
            Assert.All(method.GetParameters().Select(x => x.ParameterType).Append(result), x => Assert.True(MayCross(x), $"{type.Name}.{method.Name}: {x}"));
        }
    }

    private static bool MayCross(Type type) =>
        type.IsPrimitive || type == typeof(string) || type == typeof(DateTimeOffset) || type == typeof(TimeSpan)
        || (Nullable.GetUnderlyingType(type) is { } value && MayCross(value))
        || (type.IsArray && MayCross(type.GetElementType()!))
        || (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(Dictionary<,>) && type.GetGenericArguments().All(MayCross))
        || type.Assembly == _abstractions
        || (type.Assembly == _core && type.IsEnum);
}

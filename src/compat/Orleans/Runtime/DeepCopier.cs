using System.Collections;
using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Numerics;
using System.Reflection;
using System.Runtime.CompilerServices;
using Orleans.Serialization;

namespace Orleans.Runtime;

/// <summary>
/// Copies whatever crosses a grain call as Orleans' serializer would: known framework types, types with
/// <see cref="GenerateSerializerAttribute"/> member by member (only members with <see cref="IdAttribute"/> and the parameters of a
/// record's primary constructor), nothing else. Identity within one value is kept.
/// </summary>
internal static class DeepCopier
{
    private static readonly HashSet<Type> Scalars =
    [
        typeof(string), typeof(decimal), typeof(Guid), typeof(DateTime), typeof(DateTimeOffset), typeof(TimeSpan), typeof(DateOnly),
        typeof(TimeOnly), typeof(Half), typeof(Int128), typeof(UInt128), typeof(BigInteger), typeof(Uri), typeof(Version),
        typeof(IPAddress), typeof(IPEndPoint), typeof(CultureInfo), typeof(CompareInfo), typeof(CancellationToken), typeof(SiloAddress),
        typeof(IdSpan), typeof(GrainId), typeof(GrainType), typeof(GrainInterfaceType), typeof(ActivationId), typeof(MembershipVersion),
    ];

    private static readonly HashSet<Type> Tuples =
    [
        typeof(Tuple<>), typeof(Tuple<,>), typeof(Tuple<,,>), typeof(Tuple<,,,>), typeof(Tuple<,,,,>), typeof(Tuple<,,,,,>), typeof(Tuple<,,,,,,>),
        typeof(ValueTuple<>), typeof(ValueTuple<,>), typeof(ValueTuple<,,>), typeof(ValueTuple<,,,>), typeof(ValueTuple<,,,,>),
        typeof(ValueTuple<,,,,,>), typeof(ValueTuple<,,,,,,>), typeof(KeyValuePair<,>),
    ];

    /// <summary>Collections whose own constructor takes the copied elements.</summary>
    private static readonly HashSet<Type> FromElements =
    [
        typeof(List<>), typeof(HashSet<>), typeof(SortedSet<>), typeof(Queue<>), typeof(ConcurrentQueue<>), typeof(Dictionary<,>),
        typeof(SortedDictionary<,>), typeof(SortedList<,>), typeof(ConcurrentDictionary<,>), typeof(Stack<>),
        typeof(System.Collections.ObjectModel.ReadOnlyCollection<>), typeof(System.Collections.ObjectModel.Collection<>),
        typeof(System.Collections.ObjectModel.ReadOnlyDictionary<,>),
    ];

    private static readonly Dictionary<Type, string> FromFactory = new()
    {
        [typeof(ImmutableArray<>)] = nameof(ToImmutableArray),
        [typeof(ImmutableList<>)] = nameof(ToImmutableList),
        [typeof(ImmutableHashSet<>)] = nameof(ToImmutableHashSet),
        [typeof(ImmutableSortedSet<>)] = nameof(ToImmutableSortedSet),
        [typeof(ImmutableQueue<>)] = nameof(ToImmutableQueue),
        [typeof(ImmutableDictionary<,>)] = nameof(ToImmutableDictionary),
        [typeof(ImmutableSortedDictionary<,>)] = nameof(ToImmutableSortedDictionary),
    };

    private static readonly ConcurrentDictionary<Type, Func<object, Context, object>> Copiers = new();

    public static T Copy<T>(T value) => (T)Copy((object?)value, new Context())!;

    public static object? CopyObject(object? value) => Copy(value, new Context());

    /// <summary>The exception that the caller sees: same type, same message and stack text, no object shared.</summary>
    public static Exception CopyException(Exception exception)
    {
        try
        {
            return Copy(exception);
        }
        catch (CodecNotFoundException failure)
        {
            return failure;
        }
    }

    private static object? Copy(object? value, Context context)
    {
        if (value is null)
        {
            return null;
        }

        if (context.TryGet(value, out var known))
        {
            return known;
        }

        return Copiers.GetOrAdd(value.GetType(), Build)(value, context);
    }

    private static Func<object, Context, object> Build(Type type)
    {
        if (type.IsPrimitive || type.IsEnum || Scalars.Contains(type) || typeof(Type).IsAssignableFrom(type)
            || typeof(GrainReference).IsAssignableFrom(type) || type == typeof(object) || typeof(IPAddress).IsAssignableFrom(type)
            || typeof(CultureInfo).IsAssignableFrom(type))
        {
            return (value, _) => value;
        }

        if (typeof(Exception).IsAssignableFrom(type))
        {
            return (value, context) => CopyException((Exception)value, context);
        }

        if (type.IsArray)
        {
            return type.GetElementType()!.IsPrimitive || type.GetElementType() == typeof(string)
                ? (value, context) => context.Record(value, ((Array)value).Clone())
                : CopyArray;
        }

        if (type.IsGenericType && type.GetGenericTypeDefinition() is var open)
        {
            if (Tuples.Contains(open))
            {
                var fields = type.GetFields(BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public);
                return (value, context) => CopyFields(value, type, fields, context);
            }

            if (FromElements.Contains(open))
            {
                return CollectionCopier(type, open);
            }

            if (FromFactory.TryGetValue(open, out var factory))
            {
                var method = typeof(DeepCopier).GetMethod(factory, BindingFlags.Static | BindingFlags.NonPublic)!.MakeGenericMethod(type.GenericTypeArguments);
                return (value, context) => value is IEnumerable items && !IsDefaultArray(value)
                    ? context.Record(value, method.Invoke(null, BindingFlags.DoNotWrapExceptions, null, [CopyElements(items, context)], null)!)
                    : value;
            }

            if (open == typeof(ReadOnlyMemory<>) || open == typeof(Memory<>))
            {
                var toArray = type.GetMethod("ToArray")!;
                return (value, _) => Activator.CreateInstance(type, toArray.Invoke(value, null))!;
            }
        }

        if (IsFrozen(type, out var frozen))
        {
            var method = typeof(DeepCopier).GetMethod(frozen.GenericTypeArguments.Length == 1 ? nameof(ToFrozenSet) : nameof(ToFrozenDictionary), BindingFlags.Static | BindingFlags.NonPublic)!
                .MakeGenericMethod(frozen.GenericTypeArguments);
            return (value, context) => context.Record(value, method.Invoke(null, BindingFlags.DoNotWrapExceptions, null, [CopyElements((IEnumerable)value, context)], null)!);
        }

        if (type.GetCustomAttribute<GenerateSerializerAttribute>() is null)
        {
            return (_, _) => throw new CodecNotFoundException($"Could not find a copier for type {type}.");
        }

        if (type.GetCustomAttribute<ImmutableAttribute>() is not null)
        {
            return (value, _) => value;
        }

        var members = Members(type);
        var constructor = type.IsValueType ? null : type.GetConstructor(BindingFlags.Instance | BindingFlags.Public, Type.EmptyTypes);
        return (value, context) =>
        {
            var copy = constructor?.Invoke(BindingFlags.DoNotWrapExceptions, null, [], null) ?? RuntimeHelpers.GetUninitializedObject(type);
            context.Record(value, copy);
            foreach (var member in members)
            {
                member.Set(copy, Copy(member.Get(value), context));
            }

            return copy;
        };
    }

    private static object CopyArray(object value, Context context)
    {
        var source = (Array)value;
        var copy = (Array)context.Record(value, source.Clone());
        if (source.Rank == 1)
        {
            for (var i = 0; i < source.Length; i++)
            {
                copy.SetValue(Copy(source.GetValue(i), context), i);
            }

            return copy;
        }

        var index = new int[source.Rank];
        foreach (var item in source)
        {
            copy.SetValue(Copy(item, context), index);
            for (var d = source.Rank - 1; d >= 0 && ++index[d] == source.GetLength(d); d--)
            {
                index[d] = 0;
            }
        }

        return copy;
    }

    private static object CopyFields(object value, Type type, FieldInfo[] fields, Context context)
    {
        var copy = RuntimeHelpers.GetUninitializedObject(type);
        foreach (var field in fields)
        {
            field.SetValue(copy, Copy(field.GetValue(value), context));
        }

        return copy;
    }

    private static Func<object, Context, object> CollectionCopier(Type type, Type open)
    {
        var element = open.GetGenericArguments().Length == 2 ? typeof(KeyValuePair<,>).MakeGenericType(type.GenericTypeArguments) : type.GenericTypeArguments[0];
        var comparer = type.GetProperty("Comparer") is { } property && open != typeof(List<>) ? property : null;
        return (value, context) =>
        {
            var source = CopyElements((IEnumerable)value, context);
            if (open == typeof(Stack<>))
            {
                source.Reverse();
            }

            var items = Array.CreateInstance(element, source.Count);
            for (var i = 0; i < source.Count; i++)
            {
                items.SetValue(source[i], i);
            }

            object? argument = items;
            if (open == typeof(SortedDictionary<,>) || open == typeof(SortedList<,>) || open == typeof(System.Collections.ObjectModel.ReadOnlyDictionary<,>))
            {
                argument = Activator.CreateInstance(typeof(Dictionary<,>).MakeGenericType(type.GenericTypeArguments), items)!;
            }
            else if (open == typeof(System.Collections.ObjectModel.Collection<>))
            {
                argument = Activator.CreateInstance(typeof(List<>).MakeGenericType(type.GenericTypeArguments), items)!;
            }

            var copy = comparer?.GetValue(value) is { } used && open != typeof(ConcurrentDictionary<,>)
                ? Activator.CreateInstance(type, argument, used)!
                : Activator.CreateInstance(type, argument)!;
            return context.Record(value, copy);
        };
    }

    private static List<object?> CopyElements(IEnumerable items, Context context)
    {
        var copies = new List<object?>();
        foreach (var item in items)
        {
            copies.Add(Copy(item, context));
        }

        return copies;
    }

    private static Exception CopyException(Exception source, Context context)
    {
        var type = source.GetType();
        var copy = (Exception)RuntimeHelpers.GetUninitializedObject(type);
        context.Record(source, copy);
        SetField(copy, "_message", source.Message);
        SetField(copy, "_innerException", source.InnerException is { } inner ? Copy(inner, context) : null);
        SetField(copy, "_HResult", source.HResult);
        SetField(copy, "_remoteStackTraceString", source.StackTrace is { } trace ? trace + Environment.NewLine : null);
        if (source is AggregateException aggregate)
        {
            var inners = aggregate.InnerExceptions.Select(each => (Exception)Copy(each, context)!).ToArray();
            typeof(AggregateException).GetField("_innerExceptions", BindingFlags.Instance | BindingFlags.NonPublic)!.SetValue(copy, inners);
        }

        foreach (DictionaryEntry entry in source.Data)
        {
            copy.Data[Copy(entry.Key, context)!] = Copy(entry.Value, context);
        }

        if (type.GetCustomAttribute<GenerateSerializerAttribute>() is not null)
        {
            foreach (var member in Members(type))
            {
                member.Set(copy, Copy(member.Get(source), context));
            }
        }

        return copy;
    }

    private static void SetField(Exception exception, string name, object? value) =>
        typeof(Exception).GetField(name, BindingFlags.Instance | BindingFlags.NonPublic)!.SetValue(exception, value);

    /// <summary>The members that travel, base classes first.</summary>
    private static Member[] Members(Type type)
    {
        var members = new List<Member>();
        for (var level = type; level is not null && level != typeof(object) && level != typeof(ValueType) && level != typeof(Exception); level = level.BaseType)
        {
            if (level.GetCustomAttribute<GenerateSerializerAttribute>() is not { } attribute)
            {
                continue;
            }

            const BindingFlags Declared = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;
            var isRecord = level.GetMethod("PrintMembers", Declared) is not null;
            var primary = attribute.PrimaryConstructor ?? isRecord ? PrimaryParameters(level) : [];
            var all = attribute.GenerateFieldIds == GenerateFieldIds.PublicProperties;
            foreach (var property in level.GetProperties(Declared))
            {
                var backing = level.GetField($"<{property.Name}>k__BackingField", Declared);
                if (property.GetIndexParameters().Length == 0
                    && (property.GetCustomAttribute<IdAttribute>() is not null
                        || primary.Contains(property.Name)
                        || (all && property.GetMethod is { IsPublic: true } && backing is not null)))
                {
                    members.Add(backing is not null ? new Member(backing.GetValue, backing.SetValue) : new Member(property.GetValue, property.SetValue));
                }
            }

            members.AddRange(level.GetFields(Declared)
                .Where(field => field.GetCustomAttribute<IdAttribute>() is not null && !field.Attributes.HasFlag((FieldAttributes)0x80 /* NotSerialized */))
                .Select(field => new Member(field.GetValue, field.SetValue)));
        }

        return [.. members];
    }

    private static HashSet<string> PrimaryParameters(Type type)
    {
        var properties = type.GetProperties(BindingFlags.Instance | BindingFlags.Public | BindingFlags.DeclaredOnly).ToDictionary(property => property.Name);
        var constructor = type.GetConstructors(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic)
            .FirstOrDefault(candidate => candidate.GetParameters() is { Length: > 0 } parameters
                && parameters.All(parameter => properties.TryGetValue(parameter.Name!, out var property) && property.PropertyType == parameter.ParameterType));
        return constructor is null ? [] : [.. constructor.GetParameters().Select(parameter => parameter.Name!)];
    }

    private static bool IsDefaultArray(object value) =>
        value.GetType().GetProperty("IsDefault") is { } property && property.PropertyType == typeof(bool) && (bool)property.GetValue(value)!;

    private static bool IsFrozen(Type type, out Type frozen)
    {
        for (var level = type; level is not null; level = level.BaseType)
        {
            if (level.IsGenericType && (level.GetGenericTypeDefinition() == typeof(FrozenDictionary<,>) || level.GetGenericTypeDefinition() == typeof(FrozenSet<>)))
            {
                frozen = level;
                return true;
            }
        }

        frozen = type;
        return false;
    }

    private static object ToImmutableArray<T>(List<object?> items) => items.Cast<T>().ToImmutableArray();

    private static object ToImmutableList<T>(List<object?> items) => items.Cast<T>().ToImmutableList();

    private static object ToImmutableHashSet<T>(List<object?> items) => items.Cast<T>().ToImmutableHashSet();

    private static object ToImmutableSortedSet<T>(List<object?> items) => items.Cast<T>().ToImmutableSortedSet();

    private static object ToImmutableQueue<T>(List<object?> items) => ImmutableQueue.CreateRange(items.Cast<T>());

    private static object ToImmutableDictionary<TKey, TValue>(List<object?> items)
        where TKey : notnull => items.Cast<KeyValuePair<TKey, TValue>>().ToImmutableDictionary();

    private static object ToImmutableSortedDictionary<TKey, TValue>(List<object?> items)
        where TKey : notnull => items.Cast<KeyValuePair<TKey, TValue>>().ToImmutableSortedDictionary();

    private static object ToFrozenSet<T>(List<object?> items) => items.Cast<T>().ToFrozenSet();

    private static object ToFrozenDictionary<TKey, TValue>(List<object?> items)
        where TKey : notnull => items.Cast<KeyValuePair<TKey, TValue>>().ToFrozenDictionary();

    private sealed record Member(Func<object, object?> Get, Action<object, object?> Set);

    /// <summary>The objects already copied within one value.</summary>
    private sealed class Context
    {
        private Dictionary<object, object>? _copies;

        public bool TryGet(object value, out object? copy)
        {
            copy = null;
            return !value.GetType().IsValueType && _copies is not null && _copies.TryGetValue(value, out copy);
        }

        public object Record(object value, object copy)
        {
            if (!value.GetType().IsValueType)
            {
                (_copies ??= new Dictionary<object, object>(ReferenceEqualityComparer.Instance))[value] = copy;
            }

            return copy;
        }
    }
}
